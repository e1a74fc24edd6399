/**
 * The OpenRPC document of the interface, made from the same schemas that validate.
 *
 * Source: spec.open-rpc.org 1.3.2. Parameters are by name only.
 */
import * as z from 'zod';
import { CLOSE_CODE } from './config.ts';
import { RPC_ERRORS } from './errors.ts';
import { METHOD_NAMES, METHODS, type MethodName } from './schemas/methods.ts';
import { CHANNEL_DATA, CHANNEL_FORMS, type ChannelKind } from './schemas/subscription.ts';

type JsonSchema = { properties?: Record<string, unknown>; required?: string[] };

function jsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest as JsonSchema;
}

function describeMethod(name: MethodName): object {
  const { summary, params, result, transport } = METHODS[name];
  const { properties = {}, required = [] } = jsonSchema(params);
  return {
    name,
    summary,
    paramStructure: 'by-name',
    params: Object.entries(properties).map(([field, schema]) => ({
      name: field,
      required: required.includes(field),
      schema,
    })),
    result: { name: 'result', schema: jsonSchema(result) },
    errors: [],
    'x-transport': transport,
  };
}

let cached: Record<string, unknown> | undefined;

/** The document; made once. */
export function openRpcDocument(version: string): Record<string, unknown> {
  cached ??= {
    openrpc: '1.3.2',
    info: { title: 'Miletus node', version, license: { name: 'Apache-2.0' } },
    methods: METHOD_NAMES.map(describeMethod),
    components: {
      errors: Object.fromEntries(
        Object.entries(RPC_ERRORS).map(([name, { number, text }]) => [
          name,
          { code: number, message: text },
        ]),
      ),
    },
    'x-subscriptions': {
      channels: CHANNEL_FORMS,
      data: Object.fromEntries(
        (Object.keys(CHANNEL_DATA) as ChannelKind[]).map((kind) => [
          kind,
          jsonSchema(CHANNEL_DATA[kind]),
        ]),
      ),
      closeCodes: CLOSE_CODE,
    },
  };
  return cached;
}
