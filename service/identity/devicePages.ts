import type { KoaContextWithOIDC } from 'oidc-provider'
import { escapeHtml, languageOf, page, wordsOf } from './pages.ts'

/**
 * The pages of the device code flow. oidc-provider makes the forms' hidden parts (with its own protection against
 * forged requests) and leaves the rest to these.
 */

const languageFor = (ctx: KoaContextWithOIDC) => languageOf(ctx.get('accept-language'))

/** The provider's form, with our visible parts inside it. */
const fill = (form: string, parts: string): string => form.replace('</form>', `${parts}</form>`)

async function userCodeInputSource(ctx: KoaContextWithOIDC, form: string, _out?: object, error?: Error): Promise<void> {
  const language = languageFor(ctx)
  const w = wordsOf(language)
  const alert = error ? `<p class="problem" role="alert">${escapeHtml(error.name === 'AbortedError' ? w.stopped : w.codeWrong)}</p>` : ''
  const own = form.replace(/<input(?=[^>]*type="text")[^>]*>(<\/input>)?/, '')
  const field = `<label>${escapeHtml(w.code)}
<input class="code" name="user_code" type="text" autocomplete="off" autocapitalize="characters" spellcheck="false"
  required autofocus maxlength="20"></label>
<button type="submit" class="primary">${escapeHtml(w.goOn)}</button>`
  ctx.type = 'html'
  ctx.body = page(language, w.deviceTitle, `<p>${escapeHtml(w.deviceAsk)}</p>${alert}${fill(own, field)}`)
}

async function userCodeConfirmSource(
  ctx: KoaContextWithOIDC,
  form: string,
  _client: unknown,
  _device: object,
  userCode: string,
): Promise<void> {
  const language = languageFor(ctx)
  const w = wordsOf(language)
  const buttons = `<button type="submit" class="primary" autofocus>${escapeHtml(w.yes)}</button>
<button type="submit" class="plain" name="abort" value="yes">${escapeHtml(w.no)}</button>`
  ctx.type = 'html'
  ctx.body = page(
    language,
    w.deviceTitle,
    `<p>${escapeHtml(w.confirm)}</p><p class="code">${escapeHtml(userCode)}</p>
<p class="warning">${escapeHtml(w.confirmWarn)}</p>${fill(form, buttons)}`,
  )
}

async function successSource(ctx: KoaContextWithOIDC): Promise<void> {
  const language = languageFor(ctx)
  const w = wordsOf(language)
  ctx.type = 'html'
  ctx.body = page(language, w.deviceTitle, `<p role="status">${escapeHtml(w.done)}</p>`)
}

export async function renderError(ctx: KoaContextWithOIDC): Promise<void> {
  const language = languageFor(ctx)
  const w = wordsOf(language)
  ctx.type = 'html'
  ctx.body = page(language, w.failed, `<p>${escapeHtml(w.failedWhy)}</p>`)
}

export const devicePages = { userCodeInputSource, userCodeConfirmSource, successSource }
