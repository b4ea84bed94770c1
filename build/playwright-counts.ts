import { writeFileSync } from 'node:fs'
import type { FullResult, Reporter, Suite, TestError } from '@playwright/test/reporter'
import { none } from './counts.ts'

/** The same as vitest-counts.ts, for Playwright. */
export default class CountsReporter implements Reporter {
  private suite: Suite | undefined
  private readonly errors: string[] = []

  onBegin(_config: unknown, suite: Suite): void {
    this.suite = suite
  }

  onError(error: TestError): void {
    this.errors.push(error.message ?? 'an error outside a test')
  }

  onEnd(_result: FullResult): void {
    const file = process.env['ROOMKEEPER_COUNTS']
    if (file === undefined) return
    const counts = none()
    for (const test of this.suite?.allTests() ?? []) {
      const name = test.titlePath().filter(Boolean).join(' > ')
      const outcome = test.outcome()
      if (outcome === 'expected' || outcome === 'flaky') counts.passed += 1
      else if (outcome === 'skipped') {
        const why = test.annotations.find((annotation) => annotation.type === 'skip')?.description
        counts.skipped.push({ name, why: why ?? 'not run' })
      } else {
        counts.failed += 1
        counts.failures.push(name)
      }
    }
    counts.failed += this.errors.length
    counts.failures.push(...this.errors)
    writeFileSync(file, JSON.stringify(counts))
  }
}
