# Made by normbench. To draw again: gnuplot roofline-scalar-1t-f32.gp
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
set label 1 "Roofline: scalar, f32, 1 thread" at graph 0, screen 0.9594 left font ',17'
set label 2 "AMD EPYC, hot caches; roofs: reading, and 17 GFLOP/s of FMA in registers" at graph 0, screen 0.9251 left font ',12' textcolor rgb '#606060'
set key at graph 0, screen 0.9017 left top horizontal Left reverse samplen 4 maxcols 3
set tmargin at screen 0.7488
set xlabel "arithmetic intensity, least traffic (FLOP/byte)"
set logscale x 10
set xrange [0.06910996215120346:51.44780064813911]
set format x '%g'
set ylabel "speed (GFLOP/s)"
set logscale y 10
set yrange [*:*]
set format y '%g'
set terminal svg size 880,641 font 'sans-serif,14' noenhanced background rgb 'white'
set output 'roofline-scalar-1t-f32.svg'
plot 'roofline-scalar-1t-f32.csv' skip 1 using ($1 == 1 ? cell(2) : NaN):(cell(3)) with points lc rgb '#0072B2' pt 7 ps 0.8 title "matmul", \
     'roofline-scalar-1t-f32.csv' skip 1 using ($1 == 2 ? cell(2) : NaN):(cell(3)) with points lc rgb '#D55E00' pt 5 ps 0.8 title "reduce", \
     'roofline-scalar-1t-f32.csv' skip 1 using ($1 == 3 ? cell(2) : NaN):(cell(3)) with points lc rgb '#009E73' pt 9 ps 0.8 title "batchnorm", \
     'roofline-scalar-1t-f32.csv' skip 1 using ($1 == 4 ? cell(2) : NaN):(cell(3)) with points lc rgb '#CC79A7' pt 13 ps 0.8 title "layernorm", \
     'roofline-scalar-1t-f32.csv' skip 1 using ($1 == 5 ? cell(2) : NaN):(cell(3)) with points lc rgb '#E69F00' pt 11 ps 0.8 title "relu", \
     'roofline-scalar-1t-f32.csv' skip 1 using ($1 == 6 ? cell(2) : NaN):(cell(3)) with points lc rgb '#882255' pt 6 ps 0.8 title "softmax_xent", \
     'roofline-scalar-1t-f32.csv' skip 1 using ($1 == 7 ? cell(2) : NaN):(cell(3)) with points lc rgb '#000000' pt 4 ps 0.8 title "pixel", \
     'roofline-scalar-1t-f32.csv' skip 1 using ($1 == 8 ? cell(2) : NaN):(cell(3)) with points lc rgb '#777777' pt 8 ps 0.8 title "optimizer", \
     'roofline-scalar-1t-f32.csv' skip 1 using ($1 == 9 ? cell(2) : NaN):(cell(3)) with lines lc rgb '#0072B2' lw 2 dt solid title "L1 34 GB/s", \
     'roofline-scalar-1t-f32.csv' skip 1 using ($1 == 10 ? cell(2) : NaN):(cell(3)) with lines lc rgb '#D55E00' lw 2 dt (9,4) title "L2 34 GB/s", \
     'roofline-scalar-1t-f32.csv' skip 1 using ($1 == 11 ? cell(2) : NaN):(cell(3)) with lines lc rgb '#009E73' lw 2 dt (4,4) title "L3 34 GB/s", \
     'roofline-scalar-1t-f32.csv' skip 1 using ($1 == 12 ? cell(2) : NaN):(cell(3)) with lines lc rgb '#CC79A7' lw 2 dt (10,3,2,3) title "memory 29 GB/s"
set terminal pngcairo size 1760,1282 font 'sans,14' fontscale 1.5 linewidth 2 pointscale 2 dashlength 2 noenhanced background rgb 'white'
set output 'roofline-scalar-1t-f32.png'
replot
