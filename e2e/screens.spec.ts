import AxeBuilder from '@axe-core/playwright'
import { type Page } from '@playwright/test'
import { fault, people } from './product.ts'
import { electronPath } from './screen.ts'
import { acknowledge, expect, openIncident, picture, signIn, test, whenLive } from './test.ts'

async function noSidewaysScroll(page: Page): Promise<void> {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  expect(overflow).toBeLessThanOrEqual(0)
}

/** Legacy mode: in the page itself, and not by way of a second one, which is for frames of other origins. The console has none. */
async function accessible(page: Page): Promise<void> {
  const axe = new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
  const { violations } = await axe.setLegacyMode().analyze()
  expect(violations.map(({ id, nodes }) => ({ id, at: nodes.map((node) => node.target.join(' ')) }))).toEqual([])
}

/** At both widths nothing is cut off, and every part has a name and enough contrast. */
async function fits(page: Page): Promise<void> {
  for (const width of [1280, 1920]) {
    await page.setViewportSize({ width, height: 900 })
    await noSidewaysScroll(page)
  }
  await page.setViewportSize({ width: 1440, height: 900 })
  await accessible(page)
}

const screens = ['incidents', 'overview', 'rooms', 'settings', 'about'] as const
/** Pages of the settings, and a role. */
const pages = [
  'notifications',
  'roles',
  'roles/siteLead/permissions',
  'roles/siteLead/assignments',
  'groups',
  'partners',
  'approvals',
  'audit',
  'sessions',
] as const

for (const { theme, language } of [
  { theme: 'light', language: 'en' },
  { theme: 'dark', language: 'fr' },
] as const) {
  test.describe(`${theme}, ${language}`, () => {
    test.skip(electronPath !== undefined, 'themes, languages and sizes are set on a tab; the screens are the same')
    test.use({ colorScheme: theme, locale: language === 'fr' ? 'fr-FR' : 'en-GB', stackOptions: { rooms: 24 } })

    test('every screen fits, reads and can be used without seeing it', async ({ page: tab, stack, data }) => {
      const screen = await stack.start()
      const rooms = await (await stack.api()).rooms()
      const named = (index: number) => rooms[index]?.name ?? ''
      await fault(data, named(0), 'peripherals.camera', 'unhealthy', 'Logitech Rally Bar not found')
      await fault(data, named(5), 'display.frontOfRoom1', 'unhealthy', 'no EDID on HDMI 1')
      await fault(data, named(9), 'versioning.os', 'unhealthy', 'Windows 11 22H2 is out of support')
      let page = await screen.open(tab)
      await expect(page.getByTestId('sign-in-browser')).toBeVisible()
      await accessible(page)
      await picture(page, `sign-in-${theme}-${language}`)
      page = await signIn(tab, screen, people.manager)
      await expect(page.locator('html')).toHaveAttribute('lang', language)
      await acknowledge(
        page,
        named(5),
        language === 'fr' ? 'Câble HDMI remplacé, à vérifier demain' : 'HDMI cable replaced, to check tomorrow',
      )
      await openIncident(page, named(0))
      await expect(page.getByTestId('incident-pane')).toBeVisible()
      for (const name of screens) {
        if (name === 'about') {
          await page.getByTestId('help-menu').click()
          await page.getByTestId('help-about').click()
        } else if (name !== 'incidents') await page.getByTestId(`rail-${name}`).click()
        if (name === 'overview') await expect(page.getByTestId('card-happened')).toBeVisible()
        await fits(page)
        await picture(page, `${name}-${theme}-${language}`)
      }
      await page.getByTestId('rail-tenants').click()
      await fits(page)
      for (const path of pages) {
        await page.evaluate((to) => void (location.hash = `#/settings/${to}`), path)
        await expect(page.getByTestId('read-loading')).toHaveCount(0)
        await fits(page)
      }
      for (const [path, id] of [
        ['rooms?view=tiles', 'tiles'],
        ['handover', 'handover-open'],
      ] as const) {
        await page.evaluate((to) => void (location.hash = `#/${to}`), path)
        await expect(page.getByTestId(id)).toBeVisible()
        await fits(page)
        await picture(page, `${id}-${theme}-${language}`)
      }
      await page.getByTestId('rail-rooms').click()
      await page
        .getByTestId('room-row')
        .filter({ hasText: named(0) })
        .click()
      await expect(page).toHaveURL(/rooms\/[0-9a-f-]{36}/)
      await whenLive(page)
      await noSidewaysScroll(page)
      await accessible(page)
      await picture(page, `room-${theme}-${language}`)
      await page.evaluate(() => void (location.hash += '/remote'))
      await expect(page.getByTestId('remote-start')).toBeVisible()
      await fits(page)
    })
  })
}
