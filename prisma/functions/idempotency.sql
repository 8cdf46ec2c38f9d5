-- Idempotency keys of requests: a client that repeats a request gets the saga that the first one made.

-- The holder of a key, within the 72 hours for which it is kept; nulls when the key is free. is_reused: the key was used
-- for another request.
CREATE OR REPLACE FUNCTION idempotency_find(p_caller text, p_key text, p_body_hash text,
  OUT saga uuid, OUT is_reused boolean) LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM idempotency_keys
   WHERE caller = p_caller AND key = p_key AND created_at < clock_timestamp() - interval '72 hours';
  SELECT saga_id, body_hash <> p_body_hash INTO saga, is_reused
    FROM idempotency_keys WHERE caller = p_caller AND key = p_key;
END $$;

-- Takes a key for a saga that is about to be written. Returns the holder: that saga when the key was free, the earlier
-- one when another request has taken it. A twin in progress is awaited on the key's unique index for one second; then
-- SQLSTATE 55P03 (lock_not_available).
CREATE OR REPLACE FUNCTION idempotency_take(p_caller text, p_key text, p_body_hash text, p_saga uuid,
  OUT saga uuid, OUT is_reused boolean) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('lock_timeout', '1s', true);
  INSERT INTO idempotency_keys (caller, key, body_hash, saga_id, created_at)
  VALUES (p_caller, p_key, p_body_hash, p_saga, clock_timestamp()) ON CONFLICT DO NOTHING;
  SELECT saga_id, body_hash <> p_body_hash INTO STRICT saga, is_reused
    FROM idempotency_keys WHERE caller = p_caller AND key = p_key;
END $$;
