-- Run once, by the PostgreSQL of docker-compose.yml, when it makes its volume: a role for each purpose, and databases
-- that no other role may enter. What the application may do in its own is granted by the migrator.
\getenv migrator_password MIGRATOR_PASSWORD
\getenv application_password APPLICATION_PASSWORD
\getenv temporal_password TEMPORAL_PASSWORD
CREATE ROLE ordersaga_migrator LOGIN PASSWORD :'migrator_password';
CREATE ROLE ordersaga_app LOGIN PASSWORD :'application_password';
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE DATABASE ordersaga OWNER ordersaga_migrator;
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE ALL ON DATABASE ordersaga, temporal, temporal_visibility FROM PUBLIC;
GRANT CONNECT ON DATABASE ordersaga TO ordersaga_app;
