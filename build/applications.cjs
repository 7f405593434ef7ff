// Returns the applications that the roles in deploy/permissions.yml may change: those of entitlements.yml, retired ones
// too, and no others.
const { configured } = require('./configured.cjs');

function arns() {
  const { entitlements, retired } = configured();
  return [...entitlements.map(({ application }) => application), ...retired];
}

module.exports.arns = arns;
// The ARN of an application has the account of its owner.
module.exports.accounts = () => [...new Set(arns().map((arn) => arn.split(':')[4]))];
