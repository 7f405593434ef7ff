/** How the command line names a user, for help texts. */
export const WHO =
  'id, also as an ARN or d-1234567890.ID; userName or e-mail address; if ambiguous: userName:X, email:X, or externalId:X with --issuer';
