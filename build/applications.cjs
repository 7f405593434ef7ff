// The ARNs that the roles in serverless.yml may act on: the applications of entitlements.yml, retired ones too, and nothing
// else.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { readEntitlements } = require('../cli/entitlements-file.ts');
const { InputError } = require('../cli/input-error.ts');

module.exports.arns = () => {
  try {
    const text = readFileSync(join(__dirname, '../entitlements.yml'), 'utf8');
    const { entitlements, retired } = readEntitlements(text, 'entitlements.yml');
    return [...entitlements.map(({ application }) => application), ...retired];
  } catch (error) {
    // The framework prints the stack, which tells the author of entitlements.yml nothing.
    if (error instanceof InputError) error.stack = error.message;
    throw error;
  }
};
