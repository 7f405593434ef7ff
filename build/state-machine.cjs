// serverless.yml embeds the state machine as a string: as an object it would lose every null, and `ResultPath: null`
// would silently become `$`.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { parse } = require('yaml');

module.exports.onboarding = () =>
  JSON.stringify(parse(readFileSync(join(__dirname, '../statemachines/onboarding.asl.yaml'), 'utf8')));
