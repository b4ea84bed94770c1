import { writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'
import { none } from './counts.ts'

/**
 * A reporter of vitest that writes the counts of a run, with the reason of each skip, to the file that
 * ROOMKEEPER_COUNTS names. A file that cannot be loaded, and an error outside a test, count as failures.
 */
export default class CountsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly { message?: string }[]): void {
    const file = process.env['ROOMKEEPER_COUNTS']
    if (file === undefined) return
    const counts = none()
    const fail = (name: string) => {
      counts.failed += 1
      counts.failures.push(name)
    }
    for (const module of modules) {
      if (module.errors().length > 0) fail(module.relativeModuleId)
      for (const suite of module.children.allSuites()) if (suite.errors().length > 0) fail(suite.fullName)
      for (const test of module.children.allTests()) {
        const name = `${module.relativeModuleId} > ${test.fullName}`
        const result = test.result()
        if (result.state === 'passed') counts.passed += 1
        else if (result.state === 'skipped') counts.skipped.push({ name, why: result.note ?? 'no reason given' })
        else fail(name)
      }
    }
    for (const error of errors) fail(error.message ?? 'an error outside a test')
    writeFileSync(file, JSON.stringify(counts))
  }
}
