-- dim_customers is the person: as many members as there are distinct customer_unique_ids, and the
-- unknown one. Counting customer_id instead, one per order, hides every repeat purchase.
with

people as (

    select count(distinct customer_unique_id) as people
    from {{ ref('stg_olist__customers') }}
    where not is_removed

),

members as (

    select count(*) - 1 as members
    from {{ ref('dim_customers') }}
    where not is_removed

)

select
    people.people,
    members.members
from people
cross join members
where people.people <> members.members
