/** Why a NATS server cannot be used, and what to do about it. */
import { SignalboxError, type ErrorCode } from '../../../../src/errors.js'

interface Cause {
  readonly name?: string
  readonly message?: string
  readonly code?: unknown
  readonly cause?: unknown
}

const UNKNOWN_AUTHORITY: readonly unknown[] = [
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]

/** The error for a connection that was not made. Nothing was sent. */
export function connectFailure(
  error: unknown,
  host: string,
  choice: { readonly credentials?: string | undefined },
): SignalboxError {
  const found = explain(error as Cause, host, choice)
  return new SignalboxError({ ...found, system: 'nats', sent: 'no', cause: error })
}

interface Explained {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string
}

function explain(error: Cause, host: string, { credentials }: { readonly credentials?: string | undefined }): Explained {
  const codes = [error.code, (error.cause as Cause | undefined)?.code]
  const has = (...wanted: readonly unknown[]): boolean => codes.some((code) => code !== undefined && wanted.includes(code))
  const reason = error.message ?? String(error)
  const at = `The NATS server ${host}`

  if (error.name === 'AuthorizationError' || /authorization violation|authentication/i.test(reason)) {
    return credentials === undefined
      ? { code: 'unauthenticated', message: `${at} asks for credentials.`, hint: 'Pass a file with them: --nats-creds FILE.' }
      : {
          code: 'unauthenticated',
          message: `${at} refused the credentials in ${credentials}.`,
          hint: 'The configuration of the server must name this user, and the server must have read it: nats-server --signal reload.',
        }
  }
  if (has('ENOTFOUND', 'EAI_AGAIN')) {
    return { code: 'unreachable', message: `The host in ${host} is not known.`, hint: 'Check the spelling and the name server.' }
  }
  if (has('ECONNREFUSED') || reason === 'connection refused') {
    return { code: 'unreachable', message: `Nothing listens at ${host}.`, hint: 'Start nats-server there, or check the port.' }
  }
  if (has(...UNKNOWN_AUTHORITY)) {
    const message = `The certificate of the NATS server ${host} is signed by an authority that this machine does not know.`
    return { code: 'unreachable', message, hint: 'Pass the certificate of that authority: --nats-ca FILE.' }
  }
  if (has('ERR_TLS_CERT_ALTNAME_INVALID')) {
    const message = `The certificate of the NATS server is not for ${host}.`
    return { code: 'unreachable', message, hint: 'Use the name that the certificate has, or make one for this name.' }
  }
  if (has('CERT_HAS_EXPIRED')) {
    return {
      code: 'unreachable',
      message: `The certificate of the NATS server ${host} has expired.`,
      hint: 'Renew it on the server.',
    }
  }
  if (has('ENOENT', 'EACCES')) {
    return { code: 'not_found', message: `A file of --nats-ca cannot be read: ${reason}.`, hint: 'Check the path.' }
  }
  if (/does not support 'tls'/.test(reason)) {
    const hint = 'Give the server a certificate. nats:// connects without TLS: only for a network that you trust.'
    return { code: 'unreachable', message: `${at} has no TLS.`, hint }
  }
  if (error.name === 'TimeoutError' || has('ETIMEDOUT')) {
    const hint = 'Check that the port belongs to a NATS server and that no firewall drops the packets.'
    return { code: 'unreachable', message: `${at} did not answer in time.`, hint }
  }
  return {
    code: 'unreachable',
    message: `${at} cannot be used: ${reason.replace(/\.$/, '')}.`,
    hint: 'signalbox doctor --nats checks it.',
  }
}
