with

fct_orders as (

    select
        days_to_deliver,
        estimated_delivery_on,
        delivered_at,
        is_late,
        review_score
    from {{ ref('fct_orders') }}
    where
        is_delivered
        and delivered_at is not null
        and review_score is not null

),

predictors_stacked as (

    select
        'days_to_deliver' as predictor,
        days_to_deliver as x,
        review_score as y
    from fct_orders

    union all

    select
        'days_behind_promise' as predictor,
        {{ dbt.datediff('estimated_delivery_on', 'delivered_at', 'day') }} as x,
        review_score as y
    from fct_orders

    union all

    select
        'is_late' as predictor,
        case when is_late then 1 when not is_late then 0 end as x,
        review_score as y
    from fct_orders

),

lines_fitted as (

    select
        predictor,
        count(*) as orders,
        regr_avgx(y, x) as mean_predictor,
        regr_avgy(y, x) as mean_review_score,
        regr_slope(y, x) as slope,
        regr_intercept(y, x) as intercept,
        case when regr_sxx(y, x) > 0 and regr_syy(y, x) > 0 then regr_r2(y, x) end as r_squared,
        regr_syy(y, x) / nullif(regr_sxx(y, x), 0) as spread
    from predictors_stacked
    where x is not null
    group by predictor

),

errors_estimated as (

    select
        *,
        orders - 2 as df,
        case
            when orders > 2 and r_squared < 1 then sqrt(spread * (1 - r_squared) / (orders - 2))
        end as standard_error
    from lines_fitted

),

-- t as a normal deviate (Wallace), because no engine has Student's distribution; and its quantile
-- for 95 % (Cornish and Fisher). Both are right to three decimals from ten degrees of freedom on.
deviates_taken as (

    select
        *,
        slope / standard_error as t,
        sqrt(df * ln(1 + power(slope / standard_error, 2) / df))
        * (8.0 * df + 1) / (8.0 * df + 3) as z,
        standard_error * (1.959964 + 2.372271 / df + 2.822500 / (df * df)) as margin
    from errors_estimated
    where standard_error is not null

),

tails_taken as (

    select
        *,
        {{ log_p_value('z') }} as ln_p_value
    from deviates_taken

),

final as (

    select
        predictor,
        cast(orders as integer) as orders,
        cast(mean_predictor as numeric(12, 4)) as mean_predictor,
        cast(mean_review_score as numeric(5, 4)) as mean_review_score,
        cast(slope as numeric(12, 6)) as slope,
        cast(intercept as numeric(12, 6)) as intercept,
        cast(r_squared as numeric(7, 6)) as r_squared,
        cast(standard_error as numeric(12, 8)) as slope_standard_error,
        cast(slope - margin as numeric(12, 6)) as slope_low,
        cast(slope + margin as numeric(12, 6)) as slope_high,
        cast(t as numeric(12, 3)) as t_statistic,
        cast(case when ln_p_value > -200 then exp(ln_p_value) else 0 end as numeric(7, 6))
            as p_value,
        cast(ln_p_value / ln(10.0) as numeric(12, 1)) as log10_p_value
    from tails_taken

)

select * from final
