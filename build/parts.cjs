// Parts of the stack that only a configuration needs. Without it, the template is as if they did not exist.
const { configured } = require('./configured.cjs');

const withNotices =
  (file) =>
  ({ resolveVariable }) =>
    configured().notices ? resolveVariable(`file(./deploy/${file})`) : {};

module.exports.notifyUser = withNotices('notify-user.yml');
module.exports.notices = withNotices('notices.yml');
module.exports.noticesAlarms = withNotices('notices-alarms.yml');
