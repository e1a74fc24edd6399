/**
 * The HTTP side: JSON-RPC by POST on `/`, everything else refused with the right status.
 *
 * Every refusal has a JSON-RPC error as its body. A request must say `application/json`, so that a
 * web page cannot send one without asking the browser's permission first; pages may call only from
 * the origins of the configuration.
 */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { RpcConfig } from './config.ts';
import type { RpcContext } from './context.ts';
import { type ErrorFacts, errorObject, type RpcErrorCode } from './errors.ts';
import { answerText, type CallObserver, errorText } from './json-rpc.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

function refuse(reply: FastifyReply, status: number, code: RpcErrorCode, facts: ErrorFacts): void {
  void reply
    .code(status)
    .type(JSON_TYPE)
    .send(errorText(errorObject(code, facts)));
}

/** Answers for the origins of the configuration; others get no permission. */
function addCors(app: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers;
    if (origin === undefined || !origins.includes(origin)) return;
    void reply.header('access-control-allow-origin', origin).header('vary', 'origin');
  });
  app.options('/', (request, reply) => {
    const { origin } = request.headers;
    if (origin === undefined || !origins.includes(origin)) {
      const allowed = 'an origin of the configuration';
      refuse(reply, 403, 'origin_not_allowed', { field: 'origin', given: origin ?? '', allowed });
      return;
    }
    void reply
      .header('access-control-allow-methods', 'POST')
      .header('access-control-allow-headers', 'content-type')
      .header('access-control-max-age', '600')
      .code(204)
      .send();
  });
}

/** Status and error of what fastify itself refuses. */
function onHttpError(
  error: { readonly statusCode?: number; readonly code?: string; readonly message: string },
  request: FastifyRequest,
  reply: FastifyReply,
  config: RpcConfig,
): void {
  switch (error.statusCode) {
    case 413: {
      const given = `${request.headers['content-length'] ?? 'too many'} bytes`;
      const allowed = `at most ${config.maxRequestBytes} bytes`;
      refuse(reply, 413, 'request_too_large', { field: 'request', given, allowed });
      return;
    }
    case 415: {
      const given = request.headers['content-type'] ?? 'none';
      const facts = { field: 'content-type', given, allowed: 'application/json' };
      refuse(reply, 415, 'unsupported_media_type', facts);
      return;
    }
    default:
      refuse(reply, error.statusCode ?? 400, 'invalid_request', { field: 'request' });
  }
}

/** The fastify instance; not listening yet. */
export function createHttpServer(
  config: RpcConfig,
  context: RpcContext,
  observer: CallObserver,
): FastifyInstance {
  const app = fastify({
    bodyLimit: config.maxRequestBytes,
    requestTimeout: config.requestTimeoutMs,
    keepAliveTimeout: 60_000,
    forceCloseConnections: true,
    logger: false,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 1 },
  });
  app.server.maxConnections = config.maxConnections;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  );
  addCors(app, config.corsOrigins);
  app.post('/', async (request, reply) => {
    const answer = await answerText(String(request.body ?? ''), context, undefined, observer);
    if (answer === undefined) return reply.code(204).send();
    return reply.type(JSON_TYPE).send(answer);
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    if (path === '/') {
      void reply.header('allow', 'POST');
      const facts = { field: 'method', given: request.method, allowed: 'POST' };
      refuse(reply, 405, 'http_method_not_allowed', facts);
      return;
    }
    refuse(reply, 404, 'http_not_found', { field: 'path', given: path, allowed: '/' });
  });
  app.setErrorHandler((error, request, reply) =>
    onHttpError(error as Parameters<typeof onHttpError>[0], request, reply, config),
  );
  return app;
}
