import { fault, people } from './product.ts'
import { expect, incidentRow, signIn, test } from './test.ts'

const script = '<img src=x onerror="window.taken=true"><script>window.taken=true</script>'
const override = 'camera \u202Etxt.exe\u202C gone'

test('hostile text of a device is drawn as text, and runs nothing', async ({ page: tab, stack, data }) => {
  const screen = await stack.start()
  const rooms = await (await stack.api()).rooms()
  const [one, two] = rooms
  if (!one || !two) throw new Error('the fleet has too few rooms')
  const problems: string[] = []
  const page = await signIn(tab, screen, people.manager)
  page.on('pageerror', (error) => problems.push(error.message))
  await fault(data, one.name, 'peripherals.camera', 'unhealthy', script)
  await fault(data, two.name, 'peripherals.camera', 'unhealthy', override)
  // Both are there before one is opened: an open one holds the list still.
  await expect(incidentRow(page, one.name)).toBeVisible()
  await expect(incidentRow(page, two.name)).toBeVisible()

  await incidentRow(page, one.name).click()
  await expect(page.getByTestId('incident-detail')).toHaveText(script)
  await incidentRow(page, two.name).click()
  await expect(page.getByTestId('incident-detail')).toHaveText(/^camera\s+txt\.exe\s+gone$/)
  await page.getByTestId('incident-room').click()
  await expect(page.locator('main, [role="main"]').first()).toContainText('txt.exe')
  expect(await page.evaluate(() => 'taken' in window)).toBe(false)
  expect(problems).toEqual([])
})
