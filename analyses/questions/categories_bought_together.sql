-- Which categories are bought in one order? Grain: pair of categories, each pair once; only the 50
-- most frequent.
-- Support is the share of all orders with a line that have both; confidence the share of the
-- orders with the first (second) category that have the other too; lift the frequency relative to
-- chance: below 1 is less often than by chance, as for 48 of the 50 pairs in the Olist data, where
-- few orders have two categories.
-- Trap: two lines of one category are no pair, and three lines of one count once; products without
-- a category are one category, 'unknown'.
select
    first_category,
    second_category,
    orders,
    support_percent,
    first_confidence_percent,
    second_confidence_percent,
    lift
from {{ ref('rpt_market_basket') }}
order by orders desc, first_category asc, second_category asc
limit 50
