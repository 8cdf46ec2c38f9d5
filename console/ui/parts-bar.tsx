import type { Tone } from './badge.tsx'

export interface Part {
  tone: Tone
  value: number
  word: string
}

/** A bar of a fixed length, divided as the whole is. Its words say the same to those who do not see it. */
export const PartsBar = ({ parts }: { parts: readonly Part[] }) => (
  <div
    className="parts-bar"
    role="img"
    aria-label={parts.map(({ value, word }) => `${value} ${word}`).join(', ')}
  >
    {parts
      .filter(({ value }) => value > 0)
      .map(({ tone, value, word }) => (
        <span key={word} className="parts-bar-part" data-tone={tone} style={{ flexGrow: value }} />
      ))}
  </div>
)
