-- The catalogue of the demonstration. A real one would be maintained by its own service.
WITH catalogue (sku, name, price_minor, available, active) AS (VALUES
  ('TEA-001', 'Sencha, 100 g', 795, 1000000, true),
  ('LAST-001', 'Teapot, limited edition', 4900, 10, true),
  ('NONE-001', 'Gyokuro, sold out', 2900, 0, true),
  ('OLD-001', 'Discontinued blend', 500, 1000, false),
  ('TEA-002', 'Assam, 100 g', 650, 1000000, true),
  ('TEA-003', 'Darjeeling first flush, 100 g', 1450, 1000000, true),
  ('TEA-004', 'Earl Grey, 100 g', 690, 1000000, true),
  ('TEA-005', 'Oolong, 100 g', 1250, 1000000, true),
  ('TEA-006', 'White peony, 50 g', 1100, 1000000, true),
  ('TEA-007', 'Pu-erh cake, 200 g', 2400, 1000000, true),
  ('TEA-008', 'Rooibos, 100 g', 550, 1000000, true),
  ('TEA-009', 'Peppermint, 50 g', 480, 1000000, true),
  ('COF-001', 'Espresso beans, 1 kg', 2190, 1000000, true),
  ('COF-002', 'Filter beans, 1 kg', 1990, 1000000, true),
  ('COF-003', 'Decaf beans, 500 g', 1290, 1000000, true),
  ('CUP-001', 'Porcelain cup', 1200, 1000000, true),
  ('CUP-002', 'Glass cup, pair', 1800, 1000000, true),
  ('POT-001', 'Cast-iron teapot', 5900, 1000000, true),
  ('POT-002', 'Glass teapot', 3400, 1000000, true),
  ('ACC-001', 'Bamboo whisk', 1650, 1000000, true),
  ('ACC-002', 'Tea strainer', 890, 1000000, true),
  ('ACC-003', 'Kettle thermometer', 1390, 1000000, true),
  ('ACC-004', 'Storage tin', 990, 1000000, true),
  ('GFT-001', 'Gift box', 350, 1000000, true)
), listed AS (
  INSERT INTO products (sku, name, currency, price_minor, active)
  SELECT sku, name, 'EUR', price_minor, active FROM catalogue
  RETURNING sku
)
INSERT INTO stock (sku, received, available) SELECT sku, available, available FROM catalogue JOIN listed USING (sku);

-- The read models. The migration that adds one later sets rebuild_wished_at too, because the database then has events
-- that the broker may have deleted.
INSERT INTO projections (name) VALUES ('order-summary'), ('sales'), ('stock-levels');
