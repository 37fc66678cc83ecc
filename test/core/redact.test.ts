import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { createRedactor, isSecretName, redactText } from '../../src/redact.js'
import { SignalboxError } from '../../src/errors.js'

const SECRET = 'hunter2Zq9'

describe('redactText', () => {
  const shapes: readonly (readonly [string, string])[] = [
    ['JSON', `{"user":"ann","password":"${SECRET}","n":1}`],
    ['JSON with spaces', `{ "accessToken" : "${SECRET}" }`],
    ['JSON with escaped quotes inside the value', `{"token":"a\\"${SECRET}"}`],
    ['JSON inside a string', `body: "{\\"apiKey\\":\\"${SECRET}\\",\\"x\\":1}"`],
    ['JSON inside a string inside a string', `"{\\\\\\"secret\\\\\\":\\\\\\"${SECRET}\\\\\\"}"`],
    ['JSON that was cut off', `{"client_secret":"${SECRET}`],
    ['a Bearer header', `Authorization: Bearer ${SECRET}`],
    ['a Basic header', `proxy-authorization: Basic ${SECRET}==`],
    ['a cookie header with several values', `Cookie: theme=dark; sid=${SECRET}; x=${SECRET}`],
    ['a header on a command line', `curl -H 'Authorization: token ${SECRET}' https://example.com/`],
    ['an API key header', `x-api-key: ${SECRET}`],
    ['userinfo in a URL', `postgres://ann:${SECRET}@db.example.com:5432/app`],
    ['userinfo with an @ in the password', `https://ann:p@${SECRET}@example.com/`],
    ['a token as the user of a URL', `https://${SECRET}@example.com/repo.git`],
    ['a query', `https://example.com/x?a=1&access_token=${SECRET}&b=2`],
    ['a key in a query', `https://example.com/x?key=${SECRET}`],
    ['a fragment', `http://127.0.0.1:7000/#ticket=${SECRET}`],
    ['an environment line', `ANTHROPIC_API_KEY=${SECRET}`],
    ['an exported environment line with signs', `export DB_PASSWORD=a;b,c)${SECRET}`],
    ['a quoted environment line', `MY_SECRET='a b ${SECRET} c'`],
    ['a long option with =', `cmd --auth-token=${SECRET} --verbose`],
    ['a long option beside its value', `cmd --password ${SECRET} --verbose`],
    ['YAML', `db:\n  password: swordfish${SECRET}\n`],
    ['camelCase', `refreshToken=${SECRET}`],
    ['an .npmrc line', `//registry.example.com/:_authToken=${SECRET}`],
    ['an arrow', `'secret' => '${SECRET}'`],
    ['a bare word alone on its line', 'password: swordfish'],
  ]
  it.each(shapes)('[core.redact-shapes] masks %s', (_title, text) => {
    const out = redactText(text)
    expect(out).toContain('[redacted]')
    expect(out).not.toContain(SECRET)
    expect(out).not.toContain('swordfish')
    // Redacted text does not change again, because texts pass through more than one layer.
    expect(redactText(out)).toBe(out)
  })

  it.each(['wrong', 'missing', 'expired', 'Empty', 'required'])(
    '[core.redact-shapes] masks the quoted value "%s", which is also an ordinary word',
    (word) => {
      const quoted = (text: (word: string) => string): void => expect(redactText(text(word))).toBe(text('[redacted]'))
      quoted((value) => `password: "${value}"`)
      quoted((value) => `password='${value}' host=db`)
      quoted((value) => `{"user":"ann","token":"${value}"}`)
      quoted((value) => `body: "{\\"apiKey\\":\\"${value}\\"}"`)
      quoted((value) => `'secret' => \`${value}\``)
      // Without quotes after a name, ordinary words are probably prose about a secret, so they stay.
      for (const text of [`token: ${word}`, `the password=${word}`]) expect(redactText(text)).toBe(text)
    },
  )

  it.each(['true', 'false', 'null', 'undefined', 'none', 'NULL'])(
    '[core.redact-prose] does not mask "%s", quoted or not',
    (word) => {
      for (const text of [`password: "${word}"`, `{"token":"${word}"}`, `{\\"secret\\":\\"${word}\\"}`, `secret=${word}`]) {
        expect(redactText(text)).toBe(text)
      }
    },
  )

  it('[core.redact-shapes] masks a PEM block, complete or truncated, also with escaped newlines', () => {
    const body = 'MIIEvQIBADANBgkqhkiG9w0BAQEF'
    const block = `-----BEGIN RSA PRIVATE KEY-----\n${body}\n-----END RSA PRIVATE KEY-----`
    expect(redactText(`key:\n${block}\nrest`)).toBe('key:\n[redacted]\nrest')
    expect(redactText(`"${block.replaceAll('\n', '\\n')}", "x"`)).toBe('"[redacted]", "x"')
    expect(redactText(`tail ${block.slice(0, 50)}`)).toBe('tail [redacted]')
    const certificate = '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----'
    expect(redactText(certificate)).toBe(certificate)
  })

  it.each([
    'sk-ant-api03-abcdefghij',
    'sk-proj-1234567890abcdefghij',
    'cs_live_abcd1234',
    'ghp_0123456789abcdef0123',
    'npm_0123456789abcdefABCDEF0123456789abcd',
    'github_pat_0123456789abcdef',
    'xoxb-1234567890-abcdef',
    'AKIAIOSFODNN7EXAMPLE',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N',
  ])('[core.redact-shapes] masks %s at any position', (token) => {
    expect(redactText(`the peer said "${token}", which is wrong`)).toBe('the peer said "[redacted]", which is wrong')
  })

  it.each([
    'Unexpected token } in JSON at position 3',
    'Invalid token: expected a string but found a number.',
    'Error: token: expired yesterday',
    'The password is wrong and the secret of success: work hard.',
    'basic understanding of bearer authentication; Basic auth, Bearer tokens',
    'input_tokens: 15023, output_tokens=42, max_tokens=32000, "cache_read_input_tokens":1234567',
    '{"type":"usage","tokens":null,"token":true}',
    'tokenizer: cl100k, secretary: Ann, passport: none',
    'see https://example.com/a/b?page=2&sort=key#top and mail ann@example.com',
    'sk-learn-is-a-machine-learning-library',
    'data.token_usage.input_tokens: Input should be a valid integer',
    'token_usage.input_tokens: -5 is less than 0, maxTokens: 1e21',
    'npm_package_engines_node20 and npm-cache-1234567890abcd are names',
    'Send the token as `Authorization: Bearer`, or redeem a fresh ticket.',
    'Send it as "Authorization: Bearer <token>".',
    'curl -H "Authorization: Bearer $TOKEN" -H "x-api-key: <key>"',
    'ratio 3:4, time 12:30:05, key: value, path C:\\tokens\\x',
    'The peer closed the link before it answered. Check that it runs.',
  ])('[core.redact-prose] does not change ordinary text: %s', (text) => {
    expect(redactText(text)).toBe(text)
  })

  it('[core.redact-linear] takes linear time for any text', () => {
    const million = 1_000_000
    const hostile = [
      'a',
      'a.',
      'eyJ-',
      'eyJaaaaaaaa.',
      'sk-',
      'token',
      'token=',
      'token: ',
      'token: abc ',
      'token:"',
      '"token":"\\',
      'password"',
      '\\',
      '://',
      '://@',
      'a@',
      'basic ',
      'bearer\t',
      ' ',
      '--',
      '--a ',
      '-----BEGIN PRIVATE KEY-----',
      '[redacted]',
      'token=[redacted]',
      'token=[',
      '"\'`',
    ]
    for (const unit of hostile) {
      const text = unit.repeat(Math.ceil(million / unit.length))
      const startedAt = performance.now()
      redactText(text)
      // Quadratic work on this length takes minutes; a loaded machine takes a second.
      expect(performance.now() - startedAt, JSON.stringify(unit)).toBeLessThan(5000)
    }
  })

  it('[core.redact-never-throws] accepts any text and any value', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => typeof redactText(text) === 'string'))
    const { value } = createRedactor(['\ud800abc', 'x"y\\z'])
    fc.assert(
      fc.property(fc.anything({ withMap: true, withSet: true, withDate: true, withBigInt: true }), (any) => {
        value(any)
      }),
    )
  })
})

describe('createRedactor', () => {
  it('[core.redact-known] masks known secrets in every spelling, longest first', () => {
    const { text } = createRedactor(['pa ss"wd', 'pa ss"wd-and-more', 'abc'])
    expect(text('x pa ss"wd y')).toBe('x [redacted] y')
    expect(text('x pa ss"wd-and-more y')).toBe('x [redacted] y')
    expect(text('q=pa%20ss%22wd')).toBe('q=[redacted]')
    expect(text('{"q":"pa ss\\"wd"}')).toBe('{"q":"[redacted]"}')
    // Too short to distinguish from ordinary text.
    expect(text('abc')).toBe('abc')
  })

  it('[core.redact-values] masks values by key, at any depth and of any type', () => {
    const { value } = createRedactor()
    expect(
      value({
        user: 'ann',
        password: 12345,
        pin: 42n,
        apiKey: { id: 'x' },
        credentials: ['a', 'b'],
        token: null,
        cookie: true,
        nested: [{ clientSecret: 'x', max_tokens: 100, tokens: { input: 1, output: 2 } }],
        tokens: ['a'],
      }),
    ).toEqual({
      user: 'ann',
      password: '[redacted]',
      pin: '[redacted]',
      apiKey: '[redacted]',
      credentials: '[redacted]',
      token: null,
      cookie: true,
      nested: [{ clientSecret: '[redacted]', max_tokens: 100, tokens: { input: 1, output: 2 } }],
      tokens: '[redacted]',
    })
    expect(
      value([
        { name: 'Authorization', value: 'x' },
        { key: 'A_TOKEN', value: 'x' },
        { name: 'a', value: 'x' },
      ]),
    ).toEqual([
      { name: 'Authorization', value: '[redacted]' },
      { key: 'A_TOKEN', value: '[redacted]' },
      { name: 'a', value: 'x' },
    ])
  })

  it('[core.redact-values] copies maps, sets, headers, dates, bytes and URLs as plain data', () => {
    const { value } = createRedactor()
    const map = new Map<unknown, unknown>([
      ['token', 'x'],
      ['a', new Set(['Bearer abc123def'])],
      [{}, 1],
    ])
    expect(value(map)).toEqual({ token: '[redacted]', a: ['Bearer [redacted]'], '[object Object]': 1 })
    expect(value(new Headers({ Authorization: 'Bearer x', Accept: 'a/b' }))).toEqual({ accept: 'a/b', authorization: '[redacted]' })
    expect(value([new Date(0), new Date(Number.NaN), new Uint8Array(3), new URL('https://a:b@c.d/?token=x1y2z3')])).toEqual([
      '1970-01-01T00:00:00.000Z',
      'Invalid Date',
      '[3 bytes]',
      'https://[redacted]@c.d/?token=[redacted]',
    ])
    expect(value([() => 1, Symbol('x'), 10n, undefined])).toEqual(['[function]', '[symbol]', 10n, undefined])
  })

  it('[core.redact-values] keeps an error with its causes, without stacks', () => {
    const { value } = createRedactor()
    const error = new Error('outer password=abc123', { cause: new TypeError('inner token=abc123') })
    expect(value(error)).toEqual({
      name: 'Error',
      message: 'outer password=[redacted]',
      cause: { name: 'TypeError', message: 'inner token=[redacted]' },
    })
    const ours = new SignalboxError({ code: 'remote', message: 'no', cause: error })
    expect(value(ours)).toMatchObject({ code: 'remote', cause: { message: 'outer password=[redacted]' } })
  })

  it('[core.redact-values] cuts circular and too deep values, keeps shared values shared, and survives throwing getters', () => {
    const { value } = createRedactor()
    const circle: Record<string, unknown> = { a: 1 }
    circle.self = circle
    expect(value(circle)).toEqual({ a: 1, self: '[circular]' })
    const shared = { x: 1 }
    expect(value([shared, shared])).toEqual([{ x: 1 }, { x: 1 }])
    let deep: unknown = 'end'
    for (let depth = 0; depth < 1000; depth += 1) deep = [deep]
    expect(JSON.stringify(value(deep))).toContain('[too deep]')
    const trap = Object.defineProperty({ a: 1 }, 'bad', {
      enumerable: true,
      get: () => {
        throw new Error('no')
      },
    })
    expect(value(trap)).toEqual({ a: 1, bad: '[unreadable]' })
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    expect(value({ proxy })).toEqual({ proxy: '[unreadable]' })
    const polluted = value(JSON.parse('{"__proto__":{"token":"x"}}')) as object
    expect(Object.getPrototypeOf(polluted)).toBe(Object.prototype)
    expect(JSON.stringify(polluted)).toBe('{"__proto__":{"token":"[redacted]"}}')
    // References that double at each level: copying each of them again would take exponential time.
    let wide: unknown = 'x'
    for (let depth = 0; depth < 15; depth += 1) wide = Array(20).fill(wide)
    value(wide)
  })
})

describe('isSecretName', () => {
  it.each([
    'password',
    'userPassword',
    'PGPASSWORD',
    'api_key',
    'apiKey',
    'X-API-Key',
    'myAPIKey',
    'AWS_SECRET_ACCESS_KEY',
    'private-key',
    'Set-Cookie',
    'authToken',
    '_authToken',
    'tokens',
    'pin',
    'otp',
  ])('%s is a secret name', (name) => expect(isSecretName(name)).toBe(true))
  it.each([
    'tokenizer',
    'token_count',
    'spin',
    'passport',
    'secretary',
    'key',
    'keyboard',
    'monkey',
    'pinned',
    'author',
    'x'.repeat(2_000_000),
  ])('%.20s is not a secret name', (name) => expect(isSecretName(name)).toBe(false))
})
