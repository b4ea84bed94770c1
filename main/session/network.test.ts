import { describe, expect, it } from 'vitest'
import { realSystem } from '../../contract/testing/system.ts'
import { IssuerNetwork } from './network.ts'

const endpoints = {
  issuer: 'https://login.example',
  authorization_endpoint: 'https://login.example/auth',
  token_endpoint: 'https://login.example/token',
  jwks_uri: 'https://login.example/jwks',
  device_authorization_endpoint: 'https://login.example/device/auth',
}

function network(answers: [status: number, body: unknown][]) {
  const sent: { url: string; form: Record<string, string> }[] = []
  const made = new IssuerNetwork(endpoints, {
    timeoutMs: 1_000,
    timers: realSystem.clock,
    devicePollMs: 5,
    fetch: async (input, init) => {
      sent.push({ url: String(input), form: Object.fromEntries(new URLSearchParams(String(init?.body ?? ''))) })
      const [status, body] = answers.shift() ?? [200, {}]
      return new Response(JSON.stringify(body), { status })
    },
  })
  return { made, sent }
}

describe("MSAL's device code flow, mended for RFC 8628", () => {
  it('goes to the address that the issuer names', async () => {
    const { made, sent } = network([[200, { user_code: 'A' }]])
    const answer = await made.sendPostRequestAsync('https://login.example/devicecode?client-request-id=1', { body: 'client_id=c' })
    expect(sent).toEqual([{ url: endpoints.device_authorization_endpoint, form: { client_id: 'c' } }])
    expect(answer.body).toEqual({ user_code: 'A', interval: 0.005 })
  })

  it("keeps the issuer's own interval", async () => {
    const { made } = network([[200, { interval: 9 }]])
    expect((await made.sendPostRequestAsync('https://login.example/devicecode')).body).toEqual({ interval: 9 })
  })

  it('sends the registered grant type, and slows down when told to instead of giving up', async () => {
    const { made, sent } = network([[400, { error: 'slow_down' }]])
    const answer = await made.sendPostRequestAsync(endpoints.token_endpoint, { body: 'grant_type=device_code&device_code=d' })
    expect(sent[0]?.form).toEqual({ grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: 'd' })
    expect(answer.body).toEqual({ error: 'authorization_pending' })
  })

  it('leaves everything else, and Entra altogether, as MSAL has it', async () => {
    const { made, sent } = network([
      [400, { error: 'expired_token' }],
      [200, { access_token: 'a' }],
    ])
    const body = 'grant_type=device_code&device_code=d'
    expect((await made.sendPostRequestAsync(endpoints.token_endpoint, { body })).body).toEqual({ error: 'expired_token' })
    await made.sendPostRequestAsync(endpoints.token_endpoint, { body: 'grant_type=refresh_token' })
    expect(sent[1]?.form).toEqual({ grant_type: 'refresh_token' })
    const client = new IssuerNetwork(undefined, {
      timeoutMs: 1_000,
      timers: realSystem.clock,
      devicePollMs: 5,
      fetch: async (_input, init) => Response.json({ access_token: String(init?.body) }),
    })
    expect((await client.sendPostRequestAsync('https://login.microsoftonline.com/t/oauth2/v2.0/token', { body })).body).toEqual({
      access_token: body,
      expires_in: 300,
    })
  })

  it.each([
    [400, ''],
    [401, 'invalid refresh token'],
    [403, '<html>Forbidden</html>'],
    [400, '{}'],
    [400, 'null'],
    [401, '{"message":"no"}'],
    [400, '{"error":{"code":5}}'],
  ])('[ACC-1] takes %i for a refusal, whatever is said with it: %j', async (status, text) => {
    for (const of of [endpoints, undefined]) {
      const made = new IssuerNetwork(of, {
        timeoutMs: 1_000,
        timers: realSystem.clock,
        devicePollMs: 5,
        fetch: async () => new Response(text, { status }),
      })
      const answer = await made.sendPostRequestAsync(endpoints.token_endpoint, { body: 'grant_type=refresh_token' })
      expect(answer).toMatchObject({ status, body: { error: 'invalid_grant' } })
    }
  })

  it.each([
    [200, ''],
    [200, '<html>Wi-Fi</html>'],
    [200, '{}'],
    [404, 'Not found'],
    [407, ''],
    [408, '{}'],
    [502, '<html>Bad gateway</html>'],
    [503, ''],
    [400, '{"error":"temporarily_unavailable"}'],
    [400, '{"error":"server_error"}'],
  ])('[CON-2] takes %i with %j for not reached', async (status, text) => {
    const made = new IssuerNetwork(endpoints, {
      timeoutMs: 1_000,
      timers: realSystem.clock,
      devicePollMs: 5,
      fetch: async () => new Response(text, { status }),
    })
    await expect(made.sendPostRequestAsync(endpoints.token_endpoint, { body: 'grant_type=refresh_token' })).rejects.toThrow(
      'The issuer answered',
    )
  })

  it.each([500, 503, 429])('takes %i for not reached', async (status) => {
    const { made } = network([[status, {}]])
    await expect(made.sendPostRequestAsync(endpoints.token_endpoint, { body: 'grant_type=refresh_token' })).rejects.toThrow(String(status))
  })

  const jwt = (claims: object): string => `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify(claims))}.`.replaceAll('=', '')
  it.each([
    ['the token itself', { access_token: jwt({ iat: 1_000, exp: 4_600 }) }, 3_600],
    ['a short life where the token says nothing', { access_token: jwt({ exp: 4_600 }) }, 300],
    ['a short life where it cannot be read', { access_token: 'opaque' }, 300],
    ['a short life where no time at all is said', { access_token: 'opaque', expires_in: 0 }, 300],
    ['a short life where it is no number', { access_token: 'opaque', expires_in: 'soon' }, 300],
    ['what the issuer says', { access_token: jwt({ iat: 1_000, exp: 4_600 }), expires_in: '900' }, '900'],
  ])('[ACC-1] takes how long tokens last from %s, at sign-in and at renewal', async (_, tokens, lasts) => {
    for (const grant of ['authorization_code', 'refresh_token']) {
      const { made } = network([[200, tokens]])
      const { body } = await made.sendPostRequestAsync(endpoints.token_endpoint, { body: `grant_type=${grant}` })
      expect(body).toEqual({ ...tokens, expires_in: lasts })
    }
  })
})
