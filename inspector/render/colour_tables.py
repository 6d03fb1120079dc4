"""Colour maps of 256 colours, held as the differences of neighbouring colours, compressed.

Made once from matplotlib's maps of the same names (a test holds them equal), so that the screen
needs no matplotlib and the file has the colours of the screen.
"""

import base64
import zlib

import numpy as np
import numpy.typing as npt

ByteArray = npt.NDArray[np.uint8]


def _table(text: str) -> ByteArray:
    """(256, 3) red, green and blue."""
    steps = np.frombuffer(zlib.decompress(base64.b85decode(text)), dtype=np.uint8)
    table = np.cumsum(steps.reshape(256, 3), axis=0, dtype=np.uint8)
    table.setflags(write=False)
    return table


VIRIDIS = _table(
    "c-noE(Gde72t*fXEhVJ?Qet2Q)SQ#t&CX+e`f>3kZ-_wDA5W<G52|32v!7ZD?WB<J*tq)<j2pw9XaqTObvBjLX#s"
    "0VacG&cai=_*KI&Kd?;Im8eZjc&IE3dGtg#q-zd&k~OqQ7A=r7IOAiwvhKWb=lF7+5MHs+}EImc-1!l4;bo?u>LO"
    "P6U@<`xQZ4x3o5hGqk|^a%uJ_!D5fXciy@zu;oL!EECCn&=l4(TE8"
)
CIVIDIS = _table(
    "c-n=MQ4Yi)2t;S>o@DQ{_rHx)P!zPyw#2+V2JA=i{ecCbo>~OT;3-ctWDBcn&xcwUaJ7@tPEF7XLJp=$QgoLa1I="
    "`%&352|u_ViPASdHF#wZcxT7vN|$uPpOaBNGGF7_LJXBf<v`j@|WXZhn-OLl%pPL`u9d3FoP%#_0zXBm894nT5V3"
    "a5$Pqoq~dR}Xhni$iBn>`&4k_y+lFL>v"
)
PLASMA = _table(
    "c-nQ6;SR$f2!s!}WPkSDee5!UJFB)!2)X+NH0t+rykReIt>=s`nrGg^F|<XdHF3ivVgiiyDIDseFkfx98wuLYGMj"
    "X7gJ*`a$H}4~MA?={l+F6d_KhiKSe0z7u8YU*<d7SD3Ud76b6{}n#dv~wp|V)_!ak}VU@Jxuw1q<_!3{z)B{+6)S"
    "zKD}P$eH;8q2CU1+DW#RAqnlA^0tPSZb@Kc<&@!BCH9gxAO<VbDjw"
)
RED_BLUE = _table(
    "c-noB3l0Mz2nBi2-ltdU{m&p2P>iO!8$)L2fuHy13udq!mPF;VA0vOMe?TrTU<&94*rP}}{kexBfbey_4wA2F?ka"
    "vFI+NrzIy09<KeyU8rrHD`LU=;FFFDL)R7&}#oo6QvPo{mrt4_A*M^xz=Ve2t#jkKAz=v*PabDACQBi6i4)oX$k3"
    "^QcYHGLZKz5Rw7RSQB!ls)UOEhEV~Aa*rMy;Y@ye6Bw710lOamH"
)
