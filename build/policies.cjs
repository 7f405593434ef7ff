// Returns the policies that entitlements.yml decides, for the roles of deploy/permissions.yml.
const { configured } = require('./configured.cjs');
const { policyArns, policyResources } = require('./configured-policies.ts');

module.exports.resources = () => ({ Resources: policyResources(configured()) });
module.exports.planChanges = () => policyArns(configured(), 'PlanChanges');
module.exports.applyChanges = () => policyArns(configured(), 'ApplyChanges');
module.exports.notifyUser = () => policyArns(configured(), 'NotifyUser');
