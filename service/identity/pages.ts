/** The pages of the embedded issuer: plain HTML, no script, English and French. */

/**
 * No script but the one that hands a result back to the console, which the issuer adds by its hash. A form may lead to the
 * issuer itself and to where the sign-in goes back to: any place on loopback, or the one that is named.
 */
export const policyOf = (back = 'http://localhost:* http://127.0.0.1:*'): string =>
  `default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self' ${back}; base-uri 'none'; frame-ancestors 'none'`

export const securityHeaders: Record<string, string> = {
  'content-security-policy': policyOf(),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
}

const words = {
  en: {
    signIn: 'Sign in',
    signInTo: 'Sign in to Roomkeeper',
    choose: 'This is the demo: choose who you are. Nobody has a password here.',
    asks: (name: string, at: string) => `“${name}” at ${at} on this computer asks to be signed in as you.`,
    asksElsewhere: (name: string) => `“${name}” on another screen, whose code you have confirmed, asks to be signed in as you.`,
    onlyYours: 'Go on only if you have just started this in your own console.',
    stop: 'No, stop',
    email: 'E-mail address',
    password: 'Password',
    wrong: 'The e-mail address or the password is wrong.',
    tooMany: 'Too many tries for this account. Wait a minute.',
    busy: 'Too many people are signing in at the same time. Try again in a moment.',
    deviceTitle: 'Sign in on another screen',
    deviceAsk: 'Type the code that the console shows.',
    code: 'Code',
    codeWrong: 'This code is wrong, has ended, or was used. Look at the console again.',
    goOn: 'Continue',
    confirm: 'Is this the code that your own console shows?',
    confirmWarn: 'Go on only if you started this sign-in yourself.',
    yes: 'Yes, go on',
    no: 'No, stop',
    stopped: 'Nothing was signed in.',
    done: 'You are signed in. This page can be closed.',
    failed: 'This sign-in cannot go on',
    failedWhy: 'It has ended, or was begun in another browser. Start again in the console.',
    role: {
      proManager: 'Pro Manager',
      siteLead: 'Site Lead',
      siteTech: 'Site Tech',
      primaryAdmin: 'Primary Admin at customers',
      none: 'No role',
    },
  },
  fr: {
    signIn: 'Se connecter',
    signInTo: 'Se connecter à Roomkeeper',
    choose: 'Voici la démonstration : choisissez qui vous êtes. Personne n’a de mot de passe ici.',
    asks: (name: string, at: string) => `« ${name} » à l’adresse ${at} de cet ordinateur demande à être connecté en votre nom.`,
    asksElsewhere: (name: string) =>
      `« ${name} » sur un autre écran, dont vous avez confirmé le code, demande à être connecté en votre nom.`,
    onlyYours: 'Continuez seulement si vous venez de lancer cette connexion dans votre propre console.',
    stop: 'Non, arrêter',
    email: 'Adresse e-mail',
    password: 'Mot de passe',
    wrong: 'L’adresse e-mail ou le mot de passe est incorrect.',
    tooMany: 'Trop d’essais pour ce compte. Attendez une minute.',
    busy: 'Trop de personnes se connectent en même temps. Réessayez dans un instant.',
    deviceTitle: 'Se connecter sur un autre écran',
    deviceAsk: 'Saisissez le code affiché par la console.',
    code: 'Code',
    codeWrong: 'Ce code est incorrect, a expiré ou a déjà servi. Regardez de nouveau la console.',
    goOn: 'Continuer',
    confirm: 'Est-ce bien le code que votre console affiche ?',
    confirmWarn: 'Continuez seulement si vous avez vous-même commencé cette connexion.',
    yes: 'Oui, continuer',
    no: 'Non, arrêter',
    stopped: 'Personne n’a été connecté.',
    done: 'Vous êtes connecté. Vous pouvez fermer cette page.',
    failed: 'Cette connexion ne peut pas continuer',
    failedWhy: 'Elle a expiré ou a commencé dans un autre navigateur. Recommencez dans la console.',
    role: {
      proManager: 'Gestionnaire Pro',
      siteLead: 'Responsable de site',
      siteTech: 'Technicien de site',
      primaryAdmin: 'Administrateur principal chez des clients',
      none: 'Sans rôle',
    },
  },
} as const

export type Language = keyof typeof words
export type Words = (typeof words)[Language]
export const wordsOf = (language: Language): Words => words[language]

/** The first of our languages in an Accept-Language header; English where none is. */
export function languageOf(header: string | undefined): Language {
  const wanted = (header ?? '')
    .split(',')
    .map((part) => {
      const [tag = '', q] = part.trim().split(';q=')
      return { tag: tag.slice(0, 2).toLowerCase(), q: q === undefined ? 1 : Number(q) || 0 }
    })
    .sort((a, b) => b.q - a.q)
    .find(({ tag }) => tag === 'en' || tag === 'fr')
  return wanted?.tag === 'fr' ? 'fr' : 'en'
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => entities[char] ?? char)

export function page(language: Language, title: string, body: string): string {
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="/identity/style.css">
</head>
<body>
<main>
<p class="product">Roomkeeper</p>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
</body>
</html>`
}

export interface DemoPerson {
  readonly email: string
  readonly name: string
  readonly organisation: string
  readonly role: keyof Words['role']
}

/** Where a page's form goes, and what shows that this page made it. */
export interface SignInForm {
  readonly action: string
  readonly proof: string
}

/** The program that will be signed in: what it calls itself, and the host and port that its tokens go to. */
export interface Asker {
  readonly name: string
  readonly at?: string
}

/** What was wrong with the answer before. */
export interface Answered {
  readonly problem?: 'wrong' | 'tooMany' | 'busy' | undefined
  readonly email: string
}

/**
 * The login page: who asks, then the people of the demo as buttons, or e-mail and password. Going on is the consent, so that
 * nobody is signed in anywhere that this page has not named.
 */
export function loginPage(language: Language, form: SignInForm, asker: Asker, people: readonly DemoPerson[], answered: Answered): string {
  const { problem, email } = answered
  const w = wordsOf(language)
  const asks = asker.at === undefined ? w.asksElsewhere(asker.name) : w.asks(asker.name, asker.at)
  const alert = problem ? `<p class="problem" role="alert">${escapeHtml(w[problem])}</p>` : ''
  const inForm = (parts: string): string => `<p class="asks">${escapeHtml(asks)} <span class="warning">${escapeHtml(w.onlyYours)}</span></p>
${alert}<form method="post" action="${escapeHtml(form.action)}"><input type="hidden" name="proof" value="${escapeHtml(form.proof)}">
${parts}
<button type="submit" class="plain stop" name="stop" value="yes" formnovalidate>${escapeHtml(w.stop)}</button>
</form>`
  if (people.length > 0) {
    const button = (person: DemoPerson): string =>
      `<li><button type="submit" name="email" value="${escapeHtml(person.email)}"><span>${escapeHtml(person.name)}</span>
<small>${escapeHtml(w.role[person.role])} · ${escapeHtml(person.email)}</small></button></li>`
    const organisations = [...new Set(people.map(({ organisation }) => organisation))].map((organisation) => {
      const buttons = people.filter((person) => person.organisation === organisation).map(button)
      return `<h2>${escapeHtml(organisation)}</h2><ul class="people">\n${buttons.join('\n')}\n</ul>`
    })
    return page(language, w.signInTo, inForm(`<p>${escapeHtml(w.choose)}</p>\n${organisations.join('\n')}`))
  }
  return page(
    language,
    w.signInTo,
    inForm(`<label>${escapeHtml(w.email)}
<input name="email" type="email" autocomplete="username" required autofocus value="${escapeHtml(email)}"></label>
<label>${escapeHtml(w.password)}<input name="password" type="password" autocomplete="current-password" required></label>
<button type="submit" class="primary">${escapeHtml(w.signIn)}</button>`),
  )
}

export const style = `
:root {
  color-scheme: light dark;
  --ground: #f4f5f7; --card: #fff; --ink: #1c2024; --soft: #5d6670; --line: #d5dae0; --accent: #2f5fd0; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root { --ground: #14171a; --card: #1d2125; --ink: #e8eaed; --soft: #9aa3ad; --line: #353b42; --accent: #7ea2f5; --bad: #f2857c; }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; display: grid; place-items: center;
  background: var(--ground); color: var(--ink); font: 14px/1.5 Inter, system-ui, sans-serif;
}
main { width: min(24rem, calc(100vw - 2rem)); padding: 2rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.product { margin: 0 0 .25rem; color: var(--soft); font-size: 12px; letter-spacing: .08em; text-transform: uppercase; }
h2 { margin: 1rem 0 .5rem; font-size: 12px; font-weight: 600; color: var(--soft); }
h1 { margin: 0 0 1rem; font-size: 20px; font-weight: 600; }
p { margin: 0 0 1rem; }
.people { list-style: none; margin: 0; padding: 0; display: grid; gap: .5rem; }
label { display: block; margin-bottom: 1rem; color: var(--soft); }
input {
  display: block; width: 100%; margin-top: .25rem; padding: .5rem .625rem;
  font: inherit; color: var(--ink); background: transparent; border: 1px solid var(--line); border-radius: 6px;
}
.code { font: 600 20px/1.4 "JetBrains Mono", ui-monospace, monospace; letter-spacing: .12em; text-align: center; }
button {
  width: 100%; padding: .625rem .75rem; font: inherit; text-align: left; cursor: pointer;
  color: inherit; background: transparent; border: 1px solid var(--line); border-radius: 6px;
}
button + button { margin-top: .5rem; }
button span { display: block; font-weight: 600; }
button small { color: var(--soft); font-size: 12px; }
button:hover, button:focus-visible, input:focus-visible {
  border-color: var(--accent); outline: 2px solid var(--accent); outline-offset: 1px;
}
button.primary { text-align: center; font-weight: 600; border-color: var(--accent); color: var(--accent); }
button.plain { text-align: center; }
button.stop { margin-top: 1rem; }
.problem { color: var(--bad); }
.warning { color: var(--soft); }
`
