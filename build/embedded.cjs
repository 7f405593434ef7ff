// Returns YAML files as the JSON text that CloudFormation takes.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { parse } = require('yaml');
const { configured } = require('./configured.cjs');

const read = (file) => parse(readFileSync(join(__dirname, '..', file), 'utf8'));

module.exports.onboarding = () => JSON.stringify(read('statemachines/onboarding.asl.yaml'));
module.exports.dashboard = () => {
  const body = read('deploy/dashboard-body.yml');
  if (configured().notices) body.widgets.push(...read('deploy/notices-widgets.yml'));
  return JSON.stringify(body);
};
