import { GetFunctionConfigurationCommand, type LambdaClient, ResourceNotFoundException } from '@aws-sdk/client-lambda';
import {
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  NoSuchBucket,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import * as z from 'zod/mini';

/** An object in a bucket. */
export interface ArtifactPlace {
  bucket: string;
  key: string;
}

/** The deployment bucket, and the code that functions have. Throws the errors of the SDK. */
export interface Artifacts {
  put(place: ArtifactPlace, body: Uint8Array | string): Promise<void>;
  delete(place: ArtifactPlace): Promise<void>;
  /**
   * Deletes all objects of a bucket, with their versions; a bucket that does not exist is empty.
   *
   * @throws the reason of the signal as soon as it is aborted
   */
  empty(bucket: string): Promise<void>;
  /** The hash that Lambda shows of a function's package; undefined if there is no such function. */
  codeHash(functionName: string): Promise<string | undefined>;
}

const VersionsSchema = z._default(z.array(z.object({ Key: z.string(), VersionId: z.optional(z.string()) })), []);
const ErrorsSchema = z._default(
  z.array(z.object({ Key: z._default(z.string(), ''), Code: z._default(z.string(), '') })),
  [],
);

/** Artifacts, over the SDK. @param signal aborted when the operator ends the command */
export function s3Artifacts(s3: S3Client, lambda: LambdaClient, signal: AbortSignal): Artifacts {
  async function deleteObjects(Bucket: string, Objects: { Key: string; VersionId?: string | undefined }[]) {
    if (Objects.length === 0) return;
    const { Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
    const [first] = ErrorsSchema.parse(Errors);
    if (first) throw new Error(`S3 does not delete ${first.Key} in ${Bucket}: ${first.Code}`);
  }

  return {
    async put({ bucket, key }, body) {
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
    },

    delete: ({ bucket, key }) => deleteObjects(bucket, [{ Key: key }]),

    async empty(bucket) {
      let KeyMarker: string | undefined;
      let VersionIdMarker: string | undefined;
      try {
        do {
          const page: ListObjectVersionsCommandOutput = await s3.send(
            new ListObjectVersionsCommand({ Bucket: bucket, KeyMarker, VersionIdMarker }),
          );
          signal.throwIfAborted();
          // One page has as many as one request may delete.
          await deleteObjects(bucket, [
            ...VersionsSchema.parse(page.Versions),
            ...VersionsSchema.parse(page.DeleteMarkers),
          ]);
          ({ NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page);
        } while (KeyMarker);
      } catch (error) {
        if (!(error instanceof NoSuchBucket)) throw error;
      }
    },

    async codeHash(functionName) {
      try {
        const { CodeSha256 } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: functionName }));
        return z.string().parse(CodeSha256);
      } catch (error) {
        if (error instanceof ResourceNotFoundException) return undefined;
        throw error;
      }
    },
  };
}
