-- What is to be done about such rows is for people to decide. Here: prices are rounded, and
-- what is no number is no price.
UPDATE items SET price = NULL WHERE typeof(price) = 'text';
UPDATE items SET price = round(price, 2) WHERE price <> round(price, 2);
