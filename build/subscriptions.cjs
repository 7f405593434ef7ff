// Returns the policies that the subscriptions of entitlements.yml add to roles of deploy/permissions.yml; most
// configurations have no subscription and need none.
const { configured } = require('./configured.cjs');
const { applyChangesStatements, planChangesStatements } = require('./subscription-permissions.ts');

function policyOf(statements) {
  if (statements.length === 0) return { Ref: 'AWS::NoValue' };
  return { PolicyName: 'subscriptions', PolicyDocument: { Version: '2012-10-17', Statement: statements } };
}

module.exports.planChanges = () => policyOf(planChangesStatements(configured()));
module.exports.applyChanges = () => policyOf(applyChangesStatements(configured()));
