import type { SFNClient } from '@aws-sdk/client-sfn';
import type { Plan } from '../../domain/subscription/plan.ts';
import { type ClientSettings, withoutRetries } from '../clients.ts';
import { type UnpublishedService, unpublishedClient, unpublishedCommand } from './unpublished.ts';

/** The families of endpoints that take the calls on assignments. */
export type KiroEndpoint = 'amazonaws.com' | 'kiro.dev';

const SERVICE_ID = 'Q';
const SIGNING_NAME = 'q';

const SERVICES: Readonly<Record<KiroEndpoint, UnpublishedService>> = {
  'amazonaws.com': {
    serviceId: SERVICE_ID,
    target: 'AmazonQDeveloperService',
    signingName: SIGNING_NAME,
    urlIn: (region) => `https://codewhisperer.${region}.amazonaws.com/`,
  },
  // The console calls this one since July 2026.
  'kiro.dev': {
    serviceId: SERVICE_ID,
    target: 'KiroControlPlaneQDeveloperService',
    signingName: SIGNING_NAME,
    urlIn: (region) => `https://management.${region}.kiro.dev/`,
  },
};

interface AssignmentInput {
  principalId: string;
  principalType: 'USER';
}
interface PlanInput extends AssignmentInput {
  subscriptionType: Plan;
}

/** Subscribes a user. The answer is empty. Experimental: unpublished, as are the other two. */
export const CreateAssignmentCommand = unpublishedCommand<PlanInput, object>('CreateAssignment');
/** Changes the plan of a user. */
export const UpdateAssignmentCommand = unpublishedCommand<PlanInput, object>('UpdateAssignment');
/** Cancels the user's own subscription; one that a group gives stays. */
export const DeleteAssignmentCommand = unpublishedCommand<AssignmentInput, object>('DeleteAssignment');

/**
 * Creates a client of the calls on assignments in the Region of a profile. It never retries: the calls have no idempotency
 * token.
 */
export function assignmentsClient(settings: ClientSettings, region: string, endpoint: KiroEndpoint): SFNClient {
  return unpublishedClient({ ...withoutRetries(settings), region }, SERVICES[endpoint]);
}
