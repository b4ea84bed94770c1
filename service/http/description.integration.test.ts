import { createConfig, lintFromString } from '@redocly/openapi-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { makeFolder, removeFolder, TestService } from '../testing/process.ts'

let data: string
let service: TestService

beforeAll(async () => {
  data = makeFolder()
  service = await TestService.start(data, '--demo')
})
afterAll(async () => {
  await service.stop()
  removeFolder(data)
})

describe('the description of the interface', () => {
  const Operation = z.object({
    operationId: z.string(),
    summary: z.string().min(5),
    responses: z.record(z.string(), z.object({ content: z.record(z.string(), z.unknown()).optional() })),
  })
  const Description = z.object({ paths: z.record(z.string(), z.record(z.string(), Operation)) })

  it('is clean by the rules that Redocly recommends', async () => {
    const source = (await service.ask('/v1/openapi.json')).text
    const config = await createConfig({ extends: ['recommended'] })
    const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config })
    expect(problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer ?? ''}`)).toEqual([])
  })

  it('names every operation once, and says what it answers and how it refuses', async () => {
    const { paths } = Description.parse((await service.ask('/v1/openapi.json')).json)
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
    for (const { operationId, responses } of operations) {
      expect(Object.keys(responses), operationId).toEqual([expect.stringMatching(/^20[01]$/), '4XX', '5XX'])
      expect(Object.keys(responses['4XX']?.content ?? {}), operationId).toEqual(['application/problem+json'])
    }
    expect(Object.keys(paths['/v1/audit.csv']?.['get']?.responses['200']?.content ?? {})).toEqual(['text/csv'])
  })
})
