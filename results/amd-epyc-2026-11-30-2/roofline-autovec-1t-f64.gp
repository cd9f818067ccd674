# Made by normbench. To draw again: gnuplot roofline-autovec-1t-f64.gp
reset
set encoding utf8
set datafile separator comma
# An empty field is a gap in the curve.
cell(n) = strcol(n) eq '' ? NaN : column(n)
set bmargin 4
set rmargin 4
set border 3 lc rgb '#606060'
set tics nomirror out textcolor rgb '#303030'
set grid back lt 1 lw 1 lc rgb '#e4e4e4'
set label 1 "Roofline: autovec, f64, 1 thread" at graph 0, screen 0.9564 left font ',17'
set label 2 "AMD EPYC, hot caches; roofs: reading, and 135 GFLOP/s of FMA in registers" at graph 0, screen 0.9196 left font ',12' textcolor rgb '#606060'
set key at graph 0, screen 0.8945 left top horizontal Left reverse samplen 4 maxcols 3
set tmargin at screen 0.8040
set xlabel "arithmetic intensity, least traffic (FLOP/byte)"
set logscale x 10
set xrange [0.19977708964446186:101.79755391314637]
set format x '%g'
set ylabel "speed (GFLOP/s)"
set logscale y 10
set yrange [*:*]
set format y '%g'
set terminal svg size 880,597 font 'sans-serif,14' noenhanced background rgb 'white'
set output 'roofline-autovec-1t-f64.svg'
plot 'roofline-autovec-1t-f64.csv' skip 1 using ($1 == 1 ? cell(2) : NaN):(cell(3)) with points lc rgb '#0072B2' pt 7 ps 0.8 title "matmul", \
     'roofline-autovec-1t-f64.csv' skip 1 using ($1 == 2 ? cell(2) : NaN):(cell(3)) with lines lc rgb '#D55E00' lw 2 dt (9,4) title "L1 142 GB/s", \
     'roofline-autovec-1t-f64.csv' skip 1 using ($1 == 3 ? cell(2) : NaN):(cell(3)) with lines lc rgb '#009E73' lw 2 dt (4,4) title "L2 135 GB/s", \
     'roofline-autovec-1t-f64.csv' skip 1 using ($1 == 4 ? cell(2) : NaN):(cell(3)) with lines lc rgb '#CC79A7' lw 2 dt (10,3,2,3) title "L3 89 GB/s", \
     'roofline-autovec-1t-f64.csv' skip 1 using ($1 == 5 ? cell(2) : NaN):(cell(3)) with lines lc rgb '#E69F00' lw 2 dt (6,3) title "memory 43 GB/s"
set terminal pngcairo size 1760,1194 font 'sans,14' fontscale 1.5 linewidth 2 pointscale 2 dashlength 2 noenhanced background rgb 'white'
set output 'roofline-autovec-1t-f64.png'
replot
