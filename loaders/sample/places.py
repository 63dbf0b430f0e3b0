"""Some municipalities of every Brazilian state, with rounded public facts.

A line of a state is ``name first-zip-prefix latitude longitude weight``; the zip prefixes of a
place run up to the next place of the state, or to the end of the state's range. A place appears
twice where the post gave it two ranges. The weight is its share of the state's customers.
"""

from dataclasses import dataclass

from loaders.sample.states import STATES


@dataclass(frozen=True)
class Place:
    """A municipality, or one zip range of it."""

    state: int
    name: str
    first_zip: int
    last_zip: int
    latitude: float
    longitude: float
    weight: int


_PLACES = {
    "SP": """são paulo 01000 -23.55 -46.63 355 | osasco 06000 -23.53 -46.79 22
        carapicuíba 06300 -23.52 -46.84 10 | barueri 06400 -23.51 -46.88 16
        cotia 06700 -23.60 -46.92 10 | taboão da serra 06750 -23.62 -46.79 10
        guarulhos 07000 -23.46 -46.53 33 | arujá 07400 -23.40 -46.32 4
        francisco morato 07900 -23.28 -46.74 4 | são paulo 08000 -23.50 -46.42 22
        ferraz de vasconcelos 08500 -23.54 -46.37 7 | itaquaquecetuba 08570 -23.49 -46.35 9
        suzano 08600 -23.54 -46.31 10 | mogi das cruzes 08700 -23.52 -46.19 17
        santo andré 09000 -23.66 -46.53 24 | mauá 09300 -23.67 -46.46 14
        são caetano do sul 09500 -23.62 -46.57 11 | são bernardo do campo 09600 -23.69 -46.56 27
        diadema 09900 -23.68 -46.62 12 | santos 11000 -23.96 -46.33 21
        são vicente 11300 -23.96 -46.39 12 | guarujá 11400 -23.99 -46.26 9
        praia grande 11700 -24.01 -46.40 14 | taubaté 12000 -23.03 -45.56 13
        são josé dos campos 12200 -23.22 -45.90 22 | jacareí 12300 -23.30 -45.97 8
        bragança paulista 12900 -22.95 -46.54 8 | campinas 13000 -22.91 -47.06 40
        jundiaí 13200 -23.19 -46.90 17 | itu 13300 -23.26 -47.30 8
        piracicaba 13400 -22.73 -47.65 14 | americana 13465 -22.74 -47.33 9
        limeira 13480 -22.56 -47.40 10 | rio claro 13500 -22.41 -47.56 8
        são carlos 13560 -22.02 -47.89 11 | ribeirão preto 14000 -21.18 -47.81 23
        franca 14400 -20.54 -47.40 12 | araraquara 14800 -21.79 -48.18 9
        ibitinga 14940 -21.76 -48.83 3 | são josé do rio preto 15000 -20.81 -49.38 16
        catanduva 15800 -21.14 -48.97 5 | araçatuba 16000 -21.21 -50.43 7
        bauru 17000 -22.31 -49.06 14 | marília 17500 -22.21 -49.95 7
        sorocaba 18000 -23.50 -47.46 22 | botucatu 18600 -22.89 -48.44 6
        presidente prudente 19000 -22.13 -51.39 8""",
    "RJ": """rio de janeiro 20000 -22.91 -43.25 530 | itaguaí 23800 -22.85 -43.78 7
        angra dos reis 23900 -23.01 -44.32 12 | niterói 24000 -22.88 -43.10 66
        são gonçalo 24400 -22.83 -43.05 45 | itaboraí 24800 -22.74 -42.86 11
        maricá 24900 -22.92 -42.82 12 | duque de caxias 25000 -22.79 -43.31 37
        são joão de meriti 25500 -22.80 -43.37 21 | petrópolis 25600 -22.51 -43.18 22
        teresópolis 25950 -22.41 -42.97 12 | nova iguaçu 26000 -22.76 -43.45 40
        volta redonda 27200 -22.52 -44.10 20 | barra mansa 27300 -22.54 -44.17 9
        resende 27500 -22.47 -44.45 10 | macaé 27900 -22.37 -41.79 20
        campos dos goytacazes 28000 -21.75 -41.32 26 | nova friburgo 28600 -22.28 -42.53 13
        cabo frio 28900 -22.88 -42.02 20""",
    "ES": """vitória 29000 -20.32 -40.34 270 | vila velha 29100 -20.33 -40.29 280
        cariacica 29140 -20.26 -40.42 120 | serra 29160 -20.13 -40.31 210
        cachoeiro de itapemirim 29300 -20.85 -41.11 60 | colatina 29700 -19.54 -40.63 40
        linhares 29900 -19.39 -40.07 50""",
    "MG": """belo horizonte 30000 -19.92 -43.94 238 | contagem 32000 -19.93 -44.05 60
        betim 32600 -19.97 -44.20 35 | nova lima 34000 -19.99 -43.85 25
        sabará 34500 -19.88 -43.81 12 | governador valadares 35000 -18.85 -41.95 35
        ipatinga 35160 -19.47 -42.54 45 | ouro preto 35400 -20.39 -43.50 18
        divinópolis 35500 -20.14 -44.88 35 | sete lagoas 35700 -19.47 -44.25 35
        juiz de fora 36000 -21.76 -43.35 85 | barbacena 36200 -21.23 -43.77 22
        viçosa 36570 -20.75 -42.88 20 | varginha 37000 -21.55 -45.43 32
        pouso alegre 37550 -22.23 -45.94 40 | poços de caldas 37700 -21.79 -46.56 40
        uberaba 38000 -19.75 -47.93 50 | uberlândia 38400 -18.92 -48.28 90
        patos de minas 38700 -18.58 -46.52 25 | montes claros 39400 -16.73 -43.86 42
        teófilo otoni 39800 -17.86 -41.51 16""",
    "BA": """salvador 40000 -12.97 -38.50 370 | lauro de freitas 42700 -12.89 -38.32 70
        camaçari 42800 -12.70 -38.32 45 | feira de santana 44000 -12.27 -38.97 110
        vitória da conquista 45000 -14.87 -40.84 80 | itabuna 45600 -14.79 -39.28 60
        ilhéus 45650 -14.79 -39.05 55 | porto seguro 45810 -16.45 -39.06 45
        teixeira de freitas 45990 -17.54 -39.74 35 | barreiras 47800 -12.15 -44.99 50
        alagoinhas 48000 -12.14 -38.42 40 | juazeiro 48900 -9.42 -40.50 40""",
    "SE": """aracaju 49000 -10.91 -37.07 750 | nossa senhora do socorro 49160 -10.86 -37.13 80
        estância 49200 -11.27 -37.44 70 | itabaiana 49500 -10.69 -37.43 100""",
    "PE": """recife 50000 -8.05 -34.88 410 | olinda 53000 -8.01 -34.86 100
        paulista 53400 -7.94 -34.87 80 | jaboatão dos guararapes 54000 -8.11 -35.01 140
        caruaru 55000 -8.28 -35.98 110 | garanhuns 55290 -8.89 -36.49 60
        petrolina 56300 -9.39 -40.50 100""",
    "AL": """maceió 57000 -9.65 -35.73 720 | arapiraca 57300 -9.75 -36.66 180
        palmeira dos índios 57600 -9.41 -36.63 100""",
    "PB": """joão pessoa 58000 -7.12 -34.86 580 | cabedelo 58100 -6.98 -34.83 90
        campina grande 58400 -7.23 -35.88 250 | patos 58700 -7.02 -37.28 80""",
    "RN": """natal 59000 -5.79 -35.21 570 | parnamirim 59140 -5.92 -35.26 180
        caicó 59300 -6.46 -37.10 70 | mossoró 59600 -5.19 -37.34 180""",
    "CE": """fortaleza 60000 -3.73 -38.54 640 | caucaia 61600 -3.74 -38.66 80
        maracanaú 61900 -3.88 -38.63 70 | sobral 62000 -3.69 -40.35 80
        juazeiro do norte 63000 -7.21 -39.32 80 | crato 63100 -7.23 -39.41 50""",
    "PI": """teresina 64000 -5.09 -42.80 700 | parnaíba 64200 -2.91 -41.78 120
        picos 64600 -7.08 -41.47 100 | floriano 64800 -6.77 -43.02 80""",
    "MA": """são luís 65000 -2.53 -44.30 560 | são josé de ribamar 65110 -2.56 -44.06 80
        caxias 65600 -4.87 -43.36 90 | timon 65630 -5.09 -42.84 80
        imperatriz 65900 -5.52 -47.48 190""",
    "PA": """belém 66000 -1.46 -48.50 500 | ananindeua 67000 -1.37 -48.37 160
        santarém 68000 -2.44 -54.71 110 | marabá 68500 -5.37 -49.12 90
        parauapebas 68515 -6.07 -49.90 80 | castanhal 68740 -1.30 -47.93 60""",
    "AP": """macapá 68900 0.03 -51.07 850 | santana 68925 -0.06 -51.18 150""",
    "AM": """manaus 69000 -3.10 -60.02 900 | itacoatiara 69100 -3.14 -58.44 30
        parintins 69150 -2.63 -56.74 30 | manacapuru 69400 -3.30 -60.62 20
        tefé 69470 -3.35 -64.71 20""",
    "RR": """boa vista 69300 2.82 -60.67 850 | mucajaí 69340 2.43 -60.91 80
        rorainópolis 69373 0.94 -60.44 70""",
    "AC": """rio branco 69900 -9.97 -67.81 800 | sena madureira 69940 -9.07 -68.66 80
        cruzeiro do sul 69980 -7.63 -72.67 120""",
    "DF": """brasília 70000 -15.79 -47.89 850 | brasília 73000 -15.65 -47.79 150""",
    "GO": """luziânia 72800 -16.25 -47.95 40 | valparaíso de goiás 72870 -16.07 -47.98 50
        planaltina 73750 -15.45 -47.61 30 | goiânia 74000 -16.69 -49.25 450
        aparecida de goiânia 74900 -16.82 -49.25 110 | anápolis 75000 -16.33 -48.95 110
        itumbiara 75500 -18.42 -49.22 40 | catalão 75700 -18.17 -47.95 50
        jataí 75800 -17.88 -51.71 50 | rio verde 75900 -17.79 -50.93 70""",
    "RO": """porto velho 76800 -8.76 -63.90 550 | ariquemes 76870 -9.91 -63.03 100
        ji-paraná 76900 -10.88 -61.95 140 | cacoal 76960 -11.44 -61.45 110
        vilhena 76980 -12.74 -60.15 100""",
    "TO": """palmas 77000 -10.18 -48.33 580 | gurupi 77400 -11.73 -49.07 140
        porto nacional 77500 -10.71 -48.42 90 | araguaína 77800 -7.19 -48.21 190""",
    "MT": """cuiabá 78000 -15.60 -56.10 430 | várzea grande 78110 -15.65 -56.13 110
        tangará da serra 78300 -14.62 -57.49 80 | lucas do rio verde 78455 -13.06 -55.91 70
        sinop 78550 -11.86 -55.50 110 | rondonópolis 78700 -16.47 -54.64 140
        sorriso 78890 -12.54 -55.72 60""",
    "MS": """campo grande 79000 -20.47 -54.62 580 | corumbá 79300 -19.01 -57.65 70
        três lagoas 79600 -20.79 -51.70 130 | dourados 79800 -22.22 -54.81 220""",
    "PR": """curitiba 80000 -25.43 -49.27 302 | são josé dos pinhais 83000 -25.53 -49.21 60
        paranaguá 83200 -25.52 -48.51 30 | colombo 83400 -25.29 -49.22 35
        ponta grossa 84000 -25.09 -50.16 65 | guarapuava 85000 -25.39 -51.46 40
        pato branco 85500 -26.23 -52.67 35 | cascavel 85800 -24.96 -53.46 65
        foz do iguaçu 85850 -25.55 -54.59 65 | toledo 85900 -24.72 -53.74 35
        londrina 86000 -23.31 -51.16 115 | apucarana 86800 -23.55 -51.46 30
        maringá 87000 -23.42 -51.94 95 | umuarama 87500 -23.77 -53.32 30""",
    "SC": """florianópolis 88000 -27.60 -48.55 190 | são josé 88100 -27.61 -48.63 85
        palhoça 88130 -27.64 -48.67 55 | itajaí 88300 -26.91 -48.66 75
        balneário camboriú 88330 -26.99 -48.63 70 | brusque 88350 -27.10 -48.92 45
        lages 88500 -27.82 -50.33 40 | tubarão 88700 -28.47 -49.01 45
        criciúma 88800 -28.68 -49.37 65 | blumenau 89000 -26.92 -49.07 100
        joinville 89200 -26.30 -48.85 125 | jaraguá do sul 89250 -26.49 -49.07 55
        chapecó 89800 -27.10 -52.62 50""",
    "RS": """porto alegre 90000 -30.03 -51.22 252 | canoas 92000 -29.92 -51.18 60
        são leopoldo 93000 -29.76 -51.15 50 | novo hamburgo 93300 -29.68 -51.13 50
        gravataí 94000 -29.94 -50.99 45 | viamão 94400 -30.08 -51.02 35
        cachoeirinha 94900 -29.95 -51.09 30 | caxias do sul 95000 -29.17 -51.18 85
        bento gonçalves 95700 -29.17 -51.52 35 | lajeado 95900 -29.47 -51.96 30
        pelotas 96000 -31.77 -52.34 65 | rio grande 96200 -32.03 -52.10 45
        bagé 96400 -31.33 -54.11 25 | santa cruz do sul 96800 -29.72 -52.43 35
        santa maria 97000 -29.69 -53.81 70 | passo fundo 99000 -28.26 -52.41 50
        erechim 99700 -27.63 -52.27 38""",
}


def _places() -> tuple[Place, ...]:
    found: list[Place] = []
    for number, state in enumerate(STATES):
        rows = [row.rsplit(maxsplit=4) for row in _PLACES[state.code].replace("\n", "|").split("|")]
        firsts = [int(row[1]) for row in rows]
        for row, first in zip(rows, firsts, strict=True):
            end = next(last for low, last in state.ranges if low <= first <= last)
            last = min([other - 1 for other in firsts if other > first] + [end])
            latitude, longitude, weight = float(row[2]), float(row[3]), int(row[4])
            found.append(Place(number, row[0].strip(), first, last, latitude, longitude, weight))
    return tuple(found)


PLACES: tuple[Place, ...] = _places()
