import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** Where the API is while the console is worked on with `npm run console:dev`. */
const API = 'http://127.0.0.1:3000'
const PATHS = [
  '/orders',
  '/returns',
  '/operations',
  '/sagas',
  '/products',
  '/transfers',
  '/accounts',
  '/customers',
  '/reports',
  '/development',
  '/me',
  '/session',
  '/keys',
  '/docs',
  '/openapi.json',
  '/livez',
  '/readyz',
]

export default defineConfig({
  base: '/console/',
  plugins: [react()],
  // The build is shown the checkout by another name: see stack/console.ts.
  resolve: { preserveSymlinks: true },
  server: { host: '127.0.0.1', proxy: Object.fromEntries(PATHS.map((path) => [path, API])) },
  build: {
    target: 'es2022',
    // The page has a content security policy without `data:` for scripts and fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
})
