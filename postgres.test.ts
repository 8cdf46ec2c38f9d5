import { describe, expect, it } from 'vitest'
import { sessionConfig } from './postgres.ts'

const URL_OF_A_SERVER = 'postgresql://user:p%40ss@db.example:5432/orders?sslmode=require'

describe('a session', () => {
  it('is in UTC, with settings of its own', () => {
    const { options, connectionString } = sessionConfig(URL_OF_A_SERVER, {
      name: 'x',
      settings: { jit: 'off' },
    })
    expect(options).toBe('-c tcp_user_timeout=15000 -c jit=off -c timezone=UTC -c ordersaga.session=own')
    expect(connectionString).toBe(URL_OF_A_SERVER)
  })

  it('keeps the options of its URL, but not their zone', () => {
    const { options, connectionString } = sessionConfig(
      `${URL_OF_A_SERVER}&options=-c%20work_mem%3D8MB%20-c%20timezone%3DAsia%2FKolkata`,
      { name: 'x' },
    )
    expect(options).toBe(
      '-c work_mem=8MB -c timezone=Asia/Kolkata -c tcp_user_timeout=15000 -c timezone=UTC -c ordersaga.session=own',
    )
    expect(connectionString).toBe(URL_OF_A_SERVER)
  })
})
