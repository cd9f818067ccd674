# Made by normbench. To draw again: gnuplot time-none.gp
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
set label 1 "Seconds to a test accuracy of 0.95, no norm" at graph 0, screen 0.9592 left font ',17'
set label 2 "mnist, 60000 training and 10000 test rows, 784-256-10, SGD, f32, on AMD EPYC with 2 of 2 cores, gcc 12.2.0;" at graph 0, screen 0.9246 left font ',12' textcolor rgb '#606060'
set label 3 "learning rate 0.1, 10 epochs, seeds 1 to 5" at graph 0, screen 0.8964 left font ',12' textcolor rgb '#606060'
set key at graph 0, screen 0.8728 left top horizontal Left reverse samplen 4 maxcols 3
set tmargin at screen 0.7535
set xlabel "batch size"
set logscale x 2
set xtics 2
set xrange [1.5910729675098374:5148.726782041409]
set format x '%g'
set ylabel "time (s)"
set logscale y 10
set yrange [*:*]
set format y '%g'
set terminal svg size 880,637 font 'sans-serif,14' noenhanced background rgb 'white'
set output 'time-none.svg'
plot 'time-none.csv' skip 1 using ($1 == 1 ? cell(2) : NaN):(cell(3)) with linespoints lc rgb '#0072B2' lw 2 dt solid pt 7 ps 0.8 title "autovec, 1 thread", \
     'time-none.csv' skip 1 using ($1 == 2 ? cell(2) : NaN):(cell(3)) with linespoints lc rgb '#D55E00' lw 2 dt (9,4) pt 5 ps 0.8 title "autovec, 2 threads", \
     'time-none.csv' skip 1 using ($1 == 3 ? cell(2) : NaN):(cell(3)) with linespoints lc rgb '#009E73' lw 2 dt (4,4) pt 9 ps 0.8 title "scalar, 1 thread", \
     'time-none.csv' skip 1 using ($1 == 4 ? cell(2) : NaN):(cell(3)) with linespoints lc rgb '#CC79A7' lw 2 dt (10,3,2,3) pt 13 ps 0.8 title "scalar, 2 threads", \
     'time-none.csv' skip 1 using ($1 == 5 ? cell(2) : NaN):(cell(3)) with linespoints lc rgb '#E69F00' lw 2 dt (6,3) pt 11 ps 0.8 title "avx2, 1 thread", \
     'time-none.csv' skip 1 using ($1 == 6 ? cell(2) : NaN):(cell(3)) with linespoints lc rgb '#882255' lw 2 dt (3,3) pt 6 ps 0.8 title "avx2, 2 threads", \
     'time-none.csv' skip 1 using ($1 == 7 ? cell(2) : NaN):(cell(3)) with linespoints lc rgb '#000000' lw 2 dt (12,4) pt 4 ps 0.8 title "avx512, 1 thread", \
     'time-none.csv' skip 1 using ($1 == 8 ? cell(2) : NaN):(cell(3)) with linespoints lc rgb '#777777' lw 2 dt (10,3,3,3,3,3) pt 8 ps 0.8 title "avx512, 2 threads"
set terminal pngcairo size 1760,1274 font 'sans,14' fontscale 1.5 linewidth 2 pointscale 2 dashlength 2 noenhanced background rgb 'white'
set output 'time-none.png'
replot
