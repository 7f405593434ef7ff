import type { Definition, Statement } from './statement.ts';

const string = { type: 'string' } as const;
const integer = { type: 'integer' } as const;

const EVENT: Definition = {
  attributes: {
    activity_id: {
      ...integer,
      required: true,
      values: { 0: 'Unknown', 1: 'Assign Privileges', 2: 'Revoke Privileges', 99: 'Other' },
      sibling: 'activity_name',
    },
    activity_name: string,
    actor: { type: 'actor' },
    category_name: string,
    category_uid: {
      ...integer,
      required: true,
      values: { 3: 'Identity & Access Management' },
      sibling: 'category_name',
    },
    class_name: string,
    class_uid: { ...integer, required: true, values: { 3005: 'User Access Management' }, sibling: 'class_name' },
    cloud: { type: 'cloud', required: true, profile: 'cloud' },
    metadata: { type: 'metadata', required: true },
    privileges: { type: 'string[]', required: true },
    resources: { type: 'resource_details[]' },
    severity: string,
    severity_id: {
      ...integer,
      required: true,
      values: {
        0: 'Unknown',
        1: 'Informational',
        2: 'Low',
        3: 'Medium',
        4: 'High',
        5: 'Critical',
        6: 'Fatal',
        99: 'Other',
      },
      sibling: 'severity',
    },
    status: string,
    status_code: string,
    status_detail: string,
    status_id: { ...integer, values: { 0: 'Unknown', 1: 'Success', 2: 'Failure', 99: 'Other' }, sibling: 'status' },
    // Milliseconds since 1970.
    time: { ...integer, required: true },
    type_uid: { ...integer, required: true, sibling: 'type_name' },
    unmapped: { type: 'object' },
    user: { type: 'user', required: true },
  },
};

const OBJECTS: Readonly<Record<string, Definition>> = {
  metadata: {
    attributes: {
      correlation_uid: string,
      product: { type: 'product', required: true },
      profiles: { type: 'string[]' },
      uid: string,
      version: { ...string, required: true },
    },
  },
  product: { anyOf: ['name', 'uid'], attributes: { name: string, vendor_name: string, version: string } },
  actor: {
    anyOf: ['process', 'user', 'invoked_by', 'session', 'app_name', 'app_uid'],
    attributes: { app_name: string },
  },
  cloud: {
    attributes: { account: { type: 'account' }, provider: { ...string, required: true }, region: string },
  },
  account: {
    anyOf: ['name', 'uid'],
    attributes: { type: string, type_id: { ...integer, values: { 10: 'AWS Account' }, sibling: 'type' }, uid: string },
  },
  user: {
    anyOf: ['account', 'name', 'uid'],
    attributes: {
      account: { type: 'account' },
      type: string,
      type_id: {
        ...integer,
        values: { 0: 'Unknown', 1: 'User', 2: 'Admin', 3: 'System', 4: 'Service', 99: 'Other' },
        sibling: 'type',
      },
      uid: string,
    },
  },
  resource_details: { anyOf: ['name', 'uid'], attributes: { type: string, uid: string } },
};

/**
 * The class User Access Management (3005) of OCSF 1.6.0, with the profile `cloud`.
 *
 * Written from the published schema, not copied from it: only attributes that the class requires or that events of Usher
 * have, and of the longer enumerations only the values that they have. So an attribute that is new in an event fails the
 * tests until someone has looked it up. `npm run ocsf` compares this with the files of OCSF.
 *
 * @see https://schema.ocsf.io/1.6.0/classes/user_access?profiles=cloud
 */
export const USER_ACCESS: Statement = { version: '1.6.0', profile: 'cloud', event: EVENT, objects: OBJECTS };

/** The commit of https://github.com/ocsf/ocsf-schema that has the tag of that version. */
export const OCSF_COMMIT = 'd0cd8a0fef198bf93086044e33fda6d80c74b9ef';
