#!/bin/sh
# Makes the passwords that docker-compose.yml needs, once: sh docker/passwords.sh >> .env
set -eu
for name in POSTGRES MIGRATOR APPLICATION TEMPORAL; do
  printf '%s_PASSWORD=%s\n' "$name" "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"
done
