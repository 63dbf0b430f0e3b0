{#- The raw tables, and the column by which a fact rebuilds its rows. -#}
{% set id_columns = {
    "inventory_transactions": "transaction_id",
    "marketing_campaigns": "campaign_id",
} %}

with

changes as (

    {{ changes_of('operations', id_columns) }}

)

select * from changes
