/** The pages that the browser shows at the end of signing in. They carry no token and need no script. */

const escapeHtml = (raw: string): string => raw.replace(/[&<>"']/gu, (char) => `&#${char.codePointAt(0)};`)

function page(title: string, lines: readonly [english: string, french: string], returnTo: string | undefined): string {
  const target = returnTo === undefined ? undefined : escapeHtml(returnTo)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
${target === undefined ? '' : `<meta http-equiv="refresh" content="0; url=${target}">`}
<title>${escapeHtml(title)}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0; min-height: 100vh; display: grid; place-items: center }
main { max-width: 32rem; padding: 2rem }
h1 { font-size: 1.25rem }
</style>
</head>
<body>
<main>
<h1>Roomkeeper</h1>
<p>${escapeHtml(lines[0])}</p>
<p lang="fr">${escapeHtml(lines[1])}</p>
${target === undefined ? '' : `<p><a href="${target}">Roomkeeper</a></p>`}
</main>
</body>
</html>
`
}

/** `returnTo`: the console's address where the console lives in the same browser; there it opens by itself. */
export const signedInPage = (returnTo?: string): string =>
  page(
    'Signed in',
    returnTo === undefined
      ? [
          'You are signed in. You can close this tab and go back to the console.',
          'Vous êtes connecté. Vous pouvez fermer cet onglet et revenir à la console.',
        ]
      : ['You are signed in. The console opens in a moment.', 'Vous êtes connecté. La console s’ouvre dans un instant.'],
    returnTo,
  )

export const notSignedInPage = (returnTo?: string): string =>
  page(
    'Not signed in',
    [
      'Signing in did not succeed. Go back to the console and try again.',
      'La connexion n’a pas abouti. Revenez à la console et réessayez.',
    ],
    returnTo,
  )
