-- Moves the lines of an order in stock: 'reserved', 'released' or 'sold'. Returns {"lines": [{sku, quantity}]}. A
-- reservation that cannot be made returns {"refused": {code, detail}} and moves nothing.
-- The rows are locked by SKU first: orders with the same products in another sequence do not deadlock. The parts of this
-- function run one after the other, and each sees what was committed before it began. As parts of one statement they
-- would share a snapshot older than the locks.
CREATE OR REPLACE FUNCTION stock_move(p_order uuid, p_kind text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  short text;
BEGIN
  PERFORM 1 FROM order_lines l JOIN stock s USING (sku) WHERE l.order_id = p_order ORDER BY sku FOR UPDATE OF s;
  IF p_kind = 'reserved' THEN
    SELECT string_agg(sku, ', ' ORDER BY sku) INTO short
      FROM order_lines l JOIN stock s USING (sku) WHERE l.order_id = p_order AND s.available < l.quantity;
    IF short IS NOT NULL THEN
      RETURN jsonb_build_object('refused',
        jsonb_build_object('code', 'OUT_OF_STOCK', 'detail', 'Not enough in stock: ' || short));
    END IF;
  END IF;
  UPDATE stock s SET
    available = s.available + CASE p_kind WHEN 'reserved' THEN -l.quantity WHEN 'released' THEN l.quantity ELSE 0 END,
    reserved = s.reserved + CASE p_kind WHEN 'reserved' THEN l.quantity ELSE -l.quantity END,
    sold = s.sold + CASE p_kind WHEN 'sold' THEN l.quantity ELSE 0 END
    FROM order_lines l WHERE l.order_id = p_order AND s.sku = l.sku;
  INSERT INTO stock_movements (order_id, sku, kind, quantity, recorded_at)
  SELECT p_order, sku, p_kind, quantity, clock_timestamp() FROM order_lines WHERE order_id = p_order;
  RETURN (SELECT jsonb_build_object('lines', jsonb_agg(jsonb_build_object('sku', sku, 'quantity', quantity) ORDER BY position))
    FROM order_lines WHERE order_id = p_order);
END $$;
