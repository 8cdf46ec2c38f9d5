/**
 * What pictures of figures have in common. A picture brings its background along, and changes it together with its text: on
 * any page it is as readable as on its own.
 */
const STYLE = `
  .ground { fill: #ffffff } text { fill: #1f2328; font: 11px system-ui, sans-serif }
  .title { font-size: 15px; font-weight: 600 } .panel { font-weight: 600 } .small { font-size: 9px }
  .line { stroke: #d1d9e0 } .spread { stroke: #1f2328; stroke-width: 1.2 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } text { fill: #e6edf3 } .line { stroke: #3d444d } .spread { stroke: #e6edf3 }
  }`

export const picture = (
  title: string,
  { width, height }: { width: number; height: number },
  parts: readonly string[],
): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${title}</title>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" width="${width}" height="${height}"/>`,
    text(12, 24, title, 'class="title"'),
    ...parts,
    '</svg>\n',
  ].join('\n')

export const fixed = (value: number) => value.toFixed(1)

/** Two digits where they say something, none of a number that is large. */
export const short = (value: number): string =>
  value >= 100
    ? value.toFixed(0)
    : value >= 10
      ? value.toFixed(1).replace(/\.0$/, '')
      : value.toFixed(2).replace(/\.?0+$/, '')

export const text = (x: number, y: number, content: string, attributes = ''): string =>
  `<text x="${fixed(x)}" y="${fixed(y)}" ${attributes}>${content}</text>`
