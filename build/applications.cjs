// Returns the applications that the roles in deploy/permissions.yml may change: those of entitlements.yml, retired ones
// too, and no others.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { readEntitlements } = require('../input/entitlements-file.ts');
const { InputError } = require('../input/input-error.ts');

function arns() {
  try {
    const text = readFileSync(join(__dirname, '../entitlements.yml'), 'utf8');
    const { entitlements, retired } = readEntitlements(text, 'entitlements.yml');
    return [...entitlements.map(({ application }) => application), ...retired];
  } catch (error) {
    // The framework prints the stack, which does not help the author of entitlements.yml.
    if (error instanceof InputError) error.stack = error.message;
    throw error;
  }
}

module.exports.arns = arns;
// The ARN of an application has the account of its owner.
module.exports.accounts = () => [...new Set(arns().map((arn) => arn.split(':')[4]))];
