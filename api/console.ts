import { Router, type Express, type RequestHandler } from 'express'
import sirv from 'sirv'
import { refuseOtherMethods } from './mount.ts'
import { HttpProblem } from './problem.ts'

const BASE = '/console'
const EVERY_PATH = '/{*path}'

/**
 * Serves the operator console: files whose names change with their content, and for every other path below `/console/`
 * the page, which knows what to show there.
 */
export function serveConsole(app: Express, folder: string): void {
  const files = sirv(folder, {
    brotli: true,
    // Read once: a build is never changed in place.
    dev: false,
    setHeaders(response, pathname) {
      const isNamedByContent = pathname.startsWith('/assets/')
      response.setHeader(
        'cache-control',
        isNamedByContent ? 'public, max-age=31536000, immutable' : 'no-cache',
      )
    },
  })
  const page: RequestHandler = (request, response, next) => {
    // An old page asks for files of a build that is gone: the page itself would be no script.
    if (request.path.startsWith('/assets/'))
      throw new HttpProblem('NOT_FOUND', 'There is no such file of the console.')
    request.url = '/index.html'
    files(request, response, next)
  }
  const router = Router()
  router.get(EVERY_PATH, files, page)
  refuseOtherMethods(router, EVERY_PATH, ['get'])
  app.use(BASE, router)
}
