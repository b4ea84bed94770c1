import { npmStart } from './product.ts'
import { electronPath, inTab } from './screen.ts'
import { expect, test, whenLive } from './test.ts'

test('without the demo, the first organisation and its administrator are made on the screen', async ({ page: tab, data }) => {
  test.skip(electronPath !== undefined, 'npm start opens its own window; the screens are the same')
  const started = await npmStart(data, ['--no-demo'])
  try {
    const page = await inTab(started.ready.console).open(tab)
    const first = page.getByTestId('first-start')
    await first.getByTestId('setup-tenant').fill('Fabrikam')
    await first.getByTestId('setup-name').fill('Zoë Martin')
    await first.getByTestId('setup-email').fill('zoe@fabrikam.example')
    await first.getByTestId('setup-password').fill('correct horse battery')
    await page.keyboard.press('Enter')

    await page.getByTestId('sign-in-browser').click()
    await page.locator('input[type=email]').fill('zoe@fabrikam.example')
    await page.locator('input[type=password]').fill('correct horse battery')
    await page.keyboard.press('Enter')
    await whenLive(page)
    await expect(page.getByTestId('tenant')).toHaveText('Fabrikam')
    await page.getByTestId('rail-settings').click()
    await expect(page.getByTestId('download-installer')).toBeEnabled()
  } finally {
    await started.stop()
  }
})
