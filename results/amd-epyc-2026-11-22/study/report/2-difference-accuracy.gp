# Made by normbench. To draw again: gnuplot 2-difference-accuracy.gp
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
set xzeroaxis lt 1 lw 1.5 lc rgb '#606060'
set label 1 "Difference of the test accuracy after the last epoch" at graph 0, screen 0.9562 left font ',17'
set label 2 "mnist, 55000 training and 10000 test rows, 784-1000-1000-10, Adam, f32, on AMD EPYC with 2 of 2 cores, gcc" at graph 0, screen 0.9191 left font ',12' textcolor rgb '#606060'
set label 3 "12.2.0; learning rate 0.001, 3 epochs, seed 1" at graph 0, screen 0.8887 left font ',12' textcolor rgb '#606060'
set key at graph 0, screen 0.8634 left top horizontal Left reverse samplen 4 maxcols 1
set tmargin at screen 0.8094
set xlabel "batch size"
set logscale x 2
set xtics 2
set xrange [3.6050018504433208:142.02489242468417]
set format x '%g'
set ylabel "difference (share of the test rows)"
set yrange [*:*]
set format y '%g'
set terminal svg size 880,593 font 'sans-serif,14' noenhanced background rgb 'white'
set output '2-difference-accuracy.svg'
plot '2-difference-accuracy.csv' skip 1 using ($1 == 1 ? cell(2) : NaN):(cell(3)):(cell(4)):(cell(5)) with yerrorbars lw 1.5 pt 7 ps 0 lc rgb '#0072B2' notitle, \
     '2-difference-accuracy.csv' skip 1 using ($1 == 1 ? cell(2) : NaN):(cell(3)) with linespoints lc rgb '#0072B2' lw 2 dt solid pt 7 ps 0.8 title "BatchNorm - LayerNorm"
set terminal pngcairo size 1760,1186 font 'sans,14' fontscale 1.5 linewidth 2 pointscale 2 dashlength 2 noenhanced background rgb 'white'
set output '2-difference-accuracy.png'
replot
