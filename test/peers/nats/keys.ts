/** Keys and certificates for NATS servers of tests. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nkeys } from '@nats-io/transport-node'

export interface Certificate {
  /** The certificate is its own authority. */
  readonly cert: string
  readonly key: string
}

/** A certificate for `127.0.0.1` and `localhost`. */
export function makeCertificate(folder: string): Certificate {
  const cert = join(folder, 'cert.pem')
  const key = join(folder, 'key.pem')
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']
  execFileSync('openssl', ['req', '-x509', ...curve, '-nodes', '-days', '2', ...names, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  })
  return { cert, key }
}

/** Makes a user. The seed is in a file, the public key is the result. */
export function makeUser(file: string): string {
  const pair = nkeys.createUser()
  writeFileSync(file, pair.getSeed(), { mode: 0o600 })
  return pair.getPublicKey()
}

const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64url')

type Pair = ReturnType<typeof nkeys.createUser>

function sign(issuer: Pair, subject: Pair, name: string, nats: object): string {
  const header = base64(JSON.stringify({ typ: 'JWT', alg: 'ed25519-nkey' }))
  const claims = { jti: name, iat: Math.floor(Date.now() / 1000), iss: issuer.getPublicKey(), sub: subject.getPublicKey(), name }
  const body = `${header}.${base64(JSON.stringify({ ...claims, nats: { version: 2, ...nats } }))}`
  return `${body}.${base64(issuer.sign(Buffer.from(body)))}`
}

/** An operator with one account and one user, as `nsc` makes them: the lines for the server, and the text of the .creds file. */
export function makeOperator(): { readonly config: string; readonly creds: string } {
  const [operator, account, user] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createUser()]
  const system = nkeys.createAccount()
  const without = { subs: -1, data: -1, payload: -1 }
  const limits = { ...without, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 }
  const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 }
  const accountToken = sign(operator, account, 'team', { type: 'account', limits: { ...limits, ...storage } })
  const userToken = sign(account, user, 'laptop', { type: 'user', ...without })
  const seed = new TextDecoder().decode(user.getSeed())
  return {
    config: `
      operator: ${sign(operator, operator, 'test', { type: 'operator' })}
      resolver: MEMORY
      system_account: ${system.getPublicKey()}
      resolver_preload: {
        ${account.getPublicKey()}: ${accountToken}
        ${system.getPublicKey()}: ${sign(operator, system, 'SYS', { type: 'account', limits })}
      }`,
    creds: `-----BEGIN NATS USER JWT-----\n${userToken}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
  }
}
