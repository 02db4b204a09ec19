// The two pages that a login shows. They have no script and no style: the content security policy allows none.
import type { FastifyReply } from 'fastify'
import type { Role } from '#core/api-token.ts'

/** The page of a link. Only its button uses the link up: programs that look at links in messages open it, too. */
export const linkPage = (code: string, role: Role): string =>
  page(
    '',
    `<p>This link opens tidemark in this browser with the role ${role}, once.</p>
<form method="post" action="/api/v1/session/once"><input type="hidden" name="code" value="${code}"><button>Open</button></form>`,
  )

export const enteredPage = page(
  '<meta http-equiv="refresh" content="0;url=/">',
  '<p>You are logged in. <a href="/">Go on</a></p>',
)

/** Sends a page that nobody keeps. A browser names its origin, and no address, to the API alone. */
export const sendPage = (reply: FastifyReply, status: number, html: string): FastifyReply =>
  reply
    .code(status)
    .headers({ 'Cache-Control': 'no-store', 'Referrer-Policy': 'same-origin' })
    .type('text/html; charset=utf-8')
    .send(html)

function page(head: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>tidemark</title>${head}</head>
<body>
${body}
</body></html>
`
}
