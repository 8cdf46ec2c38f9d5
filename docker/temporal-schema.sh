#!/bin/sh
# Creates and updates the schemas of a Temporal server, in the two databases that docker/roles.sql has made. May run
# again: a database that has a schema is only updated.
set -eu
for name in temporal temporal_visibility; do
  case $name in
    temporal) versions=/etc/temporal/schema/postgresql/v12/temporal/versioned ;;
    *) versions=/etc/temporal/schema/postgresql/v12/visibility/versioned ;;
  esac
  if ! temporal-sql-tool --db "$name" update-schema --schema-dir "$versions" 2>/dev/null; then
    temporal-sql-tool --db "$name" setup-schema -v 0.0
    temporal-sql-tool --db "$name" update-schema --schema-dir "$versions"
  fi
done
