/** Whether a host, as a URL or a Host header names it, is this machine and reached from nowhere else. */
export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(host)
