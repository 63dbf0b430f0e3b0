"""Product categories: names, sizes, and rounded price and weight figures."""

from typing import NamedTuple

from loaders.sample.text import Cells, lookup


class Category(NamedTuple):
    """A category at scale 1: products, items sold; prices in reais and weights in grams.

    Low and high are the quantiles one standard deviation away from the median.
    """

    name: str
    english: str
    products: int
    items: int
    price: tuple[float, float, float]
    weight: tuple[int, int, int]


_ROWS = """
cama_mesa_banho bed_bath_table 3029 11115 39 79 146 500 1275 2900
beleza_saude health_beauty 2444 9670 30 80 199 175 400 1255
esporte_lazer sports_leisure 2867 8641 34 78 169 200 700 2650
moveis_decoracao furniture_decor 2657 8334 35 65 140 530 1300 3600
informatica_acessorios computers_accessories 1639 7827 30 82 170 170 300 1000
utilidades_domesticas housewares 2335 6964 25 60 142 350 1200 7000
relogios_presentes watches_gifts 1329 5991 49 129 279 250 350 600
telefonia telephony 1134 4545 19 30 104 100 225 350
ferramentas_jardim garden_tools 753 4347 45 60 130 800 1650 5950
automotivo auto 1900 4235 28 85 200 150 900 5400
brinquedos toys 1411 4117 39 80 166 250 800 3000
cool_stuff cool_stuff 789 3796 49 130 230 400 1450 4475
perfumaria perfumery 868 3419 36 85 200 180 400 550
bebes baby 919 3065 36 78 170 300 700 7700
eletronicos electronics 517 2767 14 22 98 150 200 1050
papelaria stationery 849 2517 31 79 138 250 1000 7000
fashion_bolsas_e_acessorios fashion_bags_accessories 849 2031 29 49 97 100 200 350
pet_shop pet_shop 719 1947 35 90 147 200 875 6800
moveis_escritorio office_furniture 309 1691 90 145 200 7500 11000 16100
- - 610 1603 28 70 151 200 400 2050
consoles_games consoles_games 317 1137 23 59 270 150 250 610
malas_acessorios luggage_accessories 349 1092 55 100 214 550 1250 16000
construcao_ferramentas_construcao construction_tools_construction 400 929 33 89 222 250 1200 6100
eletrodomesticos home_appliances 370 771 25 48 154 150 475 2250
instrumentos_musicais musical_instruments 289 680 40 95 453 300 800 7500
eletroportateis small_appliances 231 679 33 99 549 350 1150 5900
casa_construcao home_construction 225 604 40 95 225 500 900 5150
livros_interesse_geral books_general_interest 216 553 25 45 120 300 500 1230
alimentos food 82 510 28 49 86 150 330 780
moveis_sala furniture_living_room 156 503 55 104 180 3200 7500 10800
casa_conforto home_confort 111 434 77 90 230 1300 1825 5200
bebidas drinks 81 379 20 48 65 175 330 2000
audio audio 58 364 16 89 219 200 400 1075
market_place market_place 104 311 29 63 160 200 525 1800
construcao_ferramentas_iluminacao construction_tools_lights 78 304 40 105 230 200 1050 12000
climatizacao air_conditioning 124 297 52 140 250 275 2950 7800
moveis_cozinha_area_de_servico_jantar_e_jardim kitchen_dining_laundry_garden_furniture \
94 281 48 110 346 1740 6450 15950
alimentos_bebidas food_drink 104 278 17 39 65 300 900 1280
industria_comercio_e_negocios industry_commerce_and_business 68 268 69 103 141 850 6100 11300
livros_tecnicos books_technical 123 267 25 58 113 400 850 1800
telefonia_fixa fixed_telephony 116 264 19 65 270 100 400 900
fashion_calcados fashion_shoes 173 262 30 77 158 300 850 1650
construcao_ferramentas_jardim costruction_tools_garden 88 238 27 49 195 215 1300 3850
eletrodomesticos_2 home_appliances_2 90 238 120 226 750 2300 7500 15700
agro_industria_e_comercio agro_industry_and_commerce 74 212 23 200 479 250 2650 5800
artes art 55 209 45 98 112 500 1700 1750
pcs computers 30 203 600 1100 1437 2600 2800 13700
sinalizacao_e_seguranca signaling_and_security 93 199 18 75 175 250 575 10100
construcao_ferramentas_seguranca construction_tools_safety 91 194 35 126 379 220 600 1200
artigos_de_natal christmas_supplies 65 153 12 45 93 200 600 4500
fashion_roupa_masculina fashion_male_clothing 95 132 30 60 140 300 600 800
fashion_underwear_e_moda_praia fashion_underwear_beach 53 131 27 60 152 150 200 400
moveis_quarto furniture_bedroom 45 109 90 179 258 2800 10700 13450
construcao_ferramentas_ferramentas costruction_tools_tools 39 103 30 60 219 200 800 1900
tablets_impressao_imagem tablets_printing_image 9 83 52 99 110 280 300 320
portateis_casa_forno_e_cafe small_appliances_home_oven_and_coffee 31 76 90 587 899 400 3800 9050
cine_foto cine_photo 28 72 16 73 122 105 400 1950
dvds_blu_ray dvds_blu_ray 48 64 15 20 84 150 200 800
livros_importados books_imported 31 60 23 63 101 250 675 930
fashion_roupa_feminina fashio_female_clothing 27 48 30 50 79 350 475 800
artigos_de_festas party_supplies 26 43 22 68 222 100 1250 3130
fraldas_higiene diapers_and_hygiene 12 39 25 37 46 250 600 690
moveis_colchao_e_estofado furniture_mattress_and_upholstery 10 38 75 85 112 1600 1700 19000
musica music 27 38 16 55 301 220 550 2120
flores flowers 14 33 18 26 55 460 850 6000
casa_conforto_2 home_comfort_2 5 30 12 13 14 650 700 750
fashion_esporte fashion_sport 19 30 40 60 90 150 200 450
artes_e_artesanato arts_and_craftmanship 19 24 18 45 130 240 775 2550
portateis_cozinha_e_preparadores_de_alimentos - 10 15 18 35 300 750 1200 7350
cds_dvds_musicais cds_dvds_musicals 1 14 45 50 65 500 550 600
la_cuisine la_cuisine 10 14 112 137 171 1470 2450 7300
pc_gamer - 3 9 110 130 219 650 2800 2900
fashion_roupa_infanto_juvenil fashion_childrens_clothes 5 8 40 70 108 100 210 480
seguros_e_servicos security_and_services 2 2 113 142 170 530 800 1100
"""


def _categories() -> tuple[Category, ...]:
    found: list[Category] = []
    for row in _ROWS.strip().splitlines():
        name, english, *numbers = row.split()
        products, items, low, middle, high, light, usual, heavy = (int(n) for n in numbers)
        found.append(
            Category(
                "" if name == "-" else name,
                "" if english == "-" else english,
                products,
                items,
                (float(low), float(middle), float(high)),
                (light, usual, heavy),
            )
        )
    return tuple(found)


# The category without a name is that of the products that have none; the biggest comes first.
CATEGORIES: tuple[Category, ...] = _categories()
NO_CATEGORY = next(n for n, category in enumerate(CATEGORIES) if not category.name)
CATEGORY_CELLS: Cells = lookup(category.name for category in CATEGORIES)


def translations() -> list[tuple[str, str]]:
    """Names and English names of the categories that have a translation."""
    return [(category.name, category.english) for category in CATEGORIES if category.english]
