select *
from {{ ref('dim_dates') }}
where date_key <> -1
