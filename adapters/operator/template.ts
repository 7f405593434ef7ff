import * as z from 'zod/mini';

const TemplateSchema = z.looseObject({
  Parameters: z.optional(z.record(z.string(), z.looseObject({ Default: z.optional(z.string()) }))),
  Resources: z.record(
    z.string(),
    z.looseObject({
      Type: z.string(),
      DeletionPolicy: z.optional(z.string()),
      Properties: z.optional(z.record(z.string(), z.unknown())),
    }),
  ),
});

/** A template, as far as a deployment reads it. Everything else stays as it is. */
export type Template = z.infer<typeof TemplateSchema>;

/** @throws ZodError if it is no template */
export function parseTemplate(text: string): Template {
  return TemplateSchema.parse(JSON.parse(text));
}
