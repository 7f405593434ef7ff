// Returns what begins every name: namePrefix of entitlements.yml.
const { configured } = require('./configured.cjs');

module.exports.namePrefix = () => configured().namePrefix ?? '';
