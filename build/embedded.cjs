// Returns YAML files as the JSON text that CloudFormation takes.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { parse } = require('yaml');

const asJson = (file) => () => JSON.stringify(parse(readFileSync(join(__dirname, '..', file), 'utf8')));

module.exports.onboarding = asJson('statemachines/onboarding.asl.yaml');
module.exports.dashboard = asJson('deploy/dashboard-body.yml');
