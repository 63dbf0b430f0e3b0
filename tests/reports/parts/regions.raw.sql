-- The region of each, by hand: the seed is the models'.
select
    zip_code_prefix,
    state_code,
    case
        when state_code in ('AC', 'AM', 'AP', 'PA', 'RO', 'RR', 'TO') then 'Norte'
        when state_code in ('AL', 'BA', 'CE', 'MA', 'PB', 'PE', 'PI', 'RN', 'SE')
            then 'Nordeste'
        when state_code in ('DF', 'GO', 'MS', 'MT') then 'Centro-Oeste'
        when state_code in ('ES', 'MG', 'RJ', 'SP') then 'Sudeste'
        when state_code in ('PR', 'RS', 'SC') then 'Sul'
        else 'unknown'
    end as region
from {{ part('places') }}
