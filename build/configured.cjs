// Reads entitlements.yml for what the template takes from it.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { readEntitlements } = require('../input/entitlements-file.ts');
const { InputError } = require('../input/input-error.ts');

module.exports.configured = () => {
  try {
    return readEntitlements(readFileSync(join(__dirname, '../entitlements.yml'), 'utf8'), 'entitlements.yml');
  } catch (error) {
    // The framework prints the stack, which does not help the author of entitlements.yml.
    if (error instanceof InputError) error.stack = error.message;
    throw error;
  }
};
