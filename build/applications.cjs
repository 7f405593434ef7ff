// What the roles in deploy/permissions.yml may act on: the applications of entitlements.yml, retired ones too, and
// nothing else.
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
    // The framework prints the stack, which tells the author of entitlements.yml nothing.
    if (error instanceof InputError) error.stack = error.message;
    throw error;
  }
}

module.exports.arns = arns;
// The owner stands in an application's ARN.
module.exports.accounts = () => [...new Set(arns().map((arn) => arn.split(':')[4]))];
